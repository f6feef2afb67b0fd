import type { ConformanceCase } from "../case.ts";
import { BODY_CASES } from "./a-bodies.ts";
import { READING_CASES } from "./a-reading.ts";
import { REPLACING_CASES } from "./a-replacing.ts";

/** A: put and get. */
export const PUT_AND_GET_CASES: readonly ConformanceCase[] = [...BODY_CASES, ...REPLACING_CASES, ...READING_CASES];
