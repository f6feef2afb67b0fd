import type { ConformanceCase } from "../case.ts";
import { READ_CONDITION_CASES } from "./e-read-conditions.ts";
import { WRITE_CONDITION_CASES } from "./e-write-conditions.ts";

/** E: conditions. */
export const CONDITION_CASES: readonly ConformanceCase[] = [...WRITE_CONDITION_CASES, ...READ_CONDITION_CASES];
