import type { Bench } from "./bench.ts";
import { api } from "./benches/api.ts";
import { copyLarge } from "./benches/copy-large.ts";
import { copyMany, copySmall } from "./benches/copy-small.ts";
import { deltaMerge } from "./benches/delta-merge.ts";
import { delta } from "./benches/delta.ts";
import { ledger } from "./benches/ledger.ts";
import { md5 } from "./benches/md5.ts";
import { references } from "./benches/references.ts";
import { requestCost } from "./benches/request-cost.ts";
import { verify } from "./benches/verify.ts";

/** In the order in which they run. */
export const BENCHES: Readonly<Record<string, Bench>> = {
  "copy-small": copySmall,
  "copy-many": copyMany,
  "copy-large": copyLarge,
  delta,
  "delta-merge": deltaMerge,
  verify,
  ledger,
  references,
  "request-cost": requestCost,
  md5,
  api,
};
