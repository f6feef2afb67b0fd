import diagnostics from "node:diagnostics_channel";
import { s3 } from "@bucketferry/adapter-s3";
import { runSuite, reportText } from "@bucketferry/storage-core/conformance";
import { faultProxy } from "@bucketferry/local-servers";
let count = 0;
diagnostics.channel("undici:request:create").subscribe(() => {
  count += 1;
});
const why = "ad hoc";
const real = process.env.HX_ENDPOINT ?? "http://127.0.0.1:7480"; const proxy = await faultProxy({ target: real }); const endpoint = proxy.url;
const bucket = `hx-${Date.now().toString(36)}`;
const base = {
  endpoint,
  region: "us-east-1",
  forcePathStyle: true,
  accessKeyId: "testaccesskey000001",
  secretAccessKey: "testsecretkey0000000000000000000000000001",
  profile: "ceph",
};
const make = (o: any = {}) => s3({ ...base, bucket, ...o } as any);
const first = make();
const { S3Client, CreateBucketCommand, DeleteBucketCommand } = await import("@aws-sdk/client-s3");
const c = new S3Client({
  endpoint,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: base.accessKeyId, secretAccessKey: base.secretAccessKey },
});
await c.send(new CreateBucketCommand({ Bucket: bucket }));
const without: any = Object.fromEntries(
  [
    "faults",
    "variant:expiredCredentials",
    "variant:forbidden",
    "variant:readOnly",
    "variant:wrongRegion",
    "variant:skewedClock",
  ].map((n) => [n, why]),
);
const variants: any = {
  wrongCredentials: { accessKeyId: "nobody" },
  missingBucket: { bucket: bucket + "-missing" },
  outage: { endpoint: "http://127.0.0.1:9" },
};
const report = await runSuite(
  {
    name: "s3 on ceph",
    createProvider: async () => make(),
    requests: () => proxy.requests(), faults: proxy.faults,
    fetch: (u, i) => fetch(u, i),
    createVariant: async (v) => make(variants[v]),
    without,
    urls: { issued: [], foreign: [] },
    destroy: async () => { proxy.faults.clear();
      for await (const _ of first.deleteMany(
        (async function* () {
          for await (const e of first.list()) if (e.type === "object") yield e.key;
        })(),
      ));
      await c.send(new DeleteBucketCommand({ Bucket: bucket }));
    },
  },
  {
    acceptSkipped: "all", levels: (process.env.HX_LEVELS ?? "core,extended").split(",") as any,
    only: process.argv.slice(2).length ? process.argv.slice(2) : undefined,
    onResult: (r) => {
      if (r.outcome === "failed") console.log(r.id, Math.round(r.durationMs), r.reason?.slice(0, 400));
      else if (r.durationMs > 1000) console.log(r.id, r.outcome, Math.round(r.durationMs), r.requests);
    },
  },
);
console.log(reportText(report).split("\n").slice(0, 8).join("\n"));
for (const r of report.results)
  if (r.outcome === "skipped" || r.outcome === "inapplicable") console.log(r.id, r.outcome, r.reason);
