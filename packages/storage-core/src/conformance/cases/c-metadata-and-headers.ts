import type { ConformanceCase } from "../case.ts";
import { HEADER_CASES } from "./c-headers.ts";
import { METADATA_CASES } from "./c-metadata.ts";

/** C: metadata and headers. */
export const METADATA_AND_HEADER_CASES: readonly ConformanceCase[] = [...HEADER_CASES, ...METADATA_CASES];
