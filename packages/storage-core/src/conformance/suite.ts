import type { ConformanceCase } from "./case.ts";
import { PUT_AND_GET_CASES } from "./cases/a-put-and-get.ts";
import { KEY_CASES } from "./cases/b-keys.ts";

/** Sections in the order of their letters; each array is one file in `cases/`. */
const SECTIONS: readonly (readonly ConformanceCase[])[] = [PUT_AND_GET_CASES, KEY_CASES];

/** Every case of the contract, in the order of their ids, so that the X-cases see a finished run. */
export const CONFORMANCE_CASES: readonly ConformanceCase[] = SECTIONS.flat().toSorted((a, b) => (a.id < b.id ? -1 : 1));
