import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fs } from "@bucketferry/adapter-fs";
import { runSuite, reportText } from "@bucketferry/storage-core/conformance";
const dir = await mkdtemp(join(tmpdir(), "hx-"));
const why = "ad hoc";
const without: any = Object.fromEntries(
  [
    "requests",
    "faults",
    "variant:wrongCredentials",
    "variant:expiredCredentials",
    "variant:forbidden",
    "variant:readOnly",
    "variant:outage",
    "variant:wrongRegion",
    "variant:skewedClock",
    "anonymousFetch",
    "variant:missingBucket",
  ].map((n) => [n, why]),
);
const make = () => fs({ directory: dir } as any);
const report = await runSuite(
  {
    name: "fs",
    createProvider: async () => make(),
    without,
    urls: { issued: [], foreign: [] },
    destroy: async () => rm(dir, { recursive: true, force: true }),
  },
  {
    acceptSkipped: "all",
    only: process.argv.slice(2).length ? process.argv.slice(2) : undefined,
    onResult: (r) => {
      if (r.outcome === "failed") console.log(r.id, Math.round(r.durationMs), r.reason?.slice(0, 300));
      else if (r.durationMs > 1000) console.log(r.id, r.outcome, Math.round(r.durationMs));
    },
  },
);
console.log(reportText(report));
