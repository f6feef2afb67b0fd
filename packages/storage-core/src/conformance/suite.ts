import type { ConformanceCase } from "./case.ts";
import { PUT_AND_GET_CASES } from "./cases/a-put-and-get.ts";
import { KEY_CASES } from "./cases/b-keys.ts";
import { METADATA_AND_HEADER_CASES } from "./cases/c-metadata-and-headers.ts";
import { RANGE_CASES } from "./cases/d-ranges.ts";
import { CONDITION_CASES } from "./cases/e-conditions.ts";
import { CHECKSUM_CASES } from "./cases/f-checksums.ts";
import { HEAD_EXISTS_DELETE_CASES } from "./cases/g-head-exists-delete.ts";
import { LIST_CASES } from "./cases/h-list.ts";
import { COPY_AND_MOVE_CASES } from "./cases/i-copy-move.ts";
import { URL_CASES } from "./cases/j-urls.ts";
import { MULTIPART_CASES } from "./cases/k-multipart.ts";
import { ABORT_CASES } from "./cases/l-abort.ts";
import { TIMEOUT_AND_RETRY_CASES } from "./cases/l-timeout-retry.ts";
import { ERROR_CASES } from "./cases/m-errors.ts";
import { LAYER_CASES } from "./cases/n-layers.ts";
import { LIFE_CASES } from "./cases/n-life.ts";
import { HYGIENE_CASES } from "./cases/x-hygiene.ts";

/** Sections in the order of their letters; each array is one file in `cases/`. */
const SECTIONS: readonly (readonly ConformanceCase[])[] = [
  PUT_AND_GET_CASES,
  KEY_CASES,
  METADATA_AND_HEADER_CASES,
  RANGE_CASES,
  CONDITION_CASES,
  CHECKSUM_CASES,
  HEAD_EXISTS_DELETE_CASES,
  LIST_CASES,
  COPY_AND_MOVE_CASES,
  URL_CASES,
  MULTIPART_CASES,
  ABORT_CASES,
  TIMEOUT_AND_RETRY_CASES,
  ERROR_CASES,
  LIFE_CASES,
  LAYER_CASES,
  HYGIENE_CASES,
];

/** Every case of the contract, in the order of their ids, so that the X-cases see a finished run. */
export const CONFORMANCE_CASES: readonly ConformanceCase[] = SECTIONS.flat().toSorted((a, b) => (a.id < b.id ? -1 : 1));
