import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import type { CephRelease } from "./ceph-deviations.ts";
import type { Check } from "./check.ts";
import { refusalOf } from "./assertions.ts";
import { put } from "./objects.ts";
import type { ProbeRun } from "./run-probe.ts";

/**
 * Which row of the table a Ceph gateway goes by, told by what it does: 16 wants a length of every body, 18 ignores
 * the condition of a delete, and what heeds it is 20 or newer.
 */
export async function cephRelease(run: ProbeRun): Promise<CephRelease> {
  let release: CephRelease = "ceph20";
  const look: Check = {
    group: "release",
    title: "by its behaviour",
    async run(t) {
      const streamed = put(t, t.key("streamed"), Readable.from([Buffer.from("x")]), {
        s3: t.client(),
        ContentLength: 1,
      });
      if ((await refusalOf(streamed)).status === 411) {
        release = "ceph16";
        return;
      }
      await put(t, t.key("k"), "x");
      const remove = new DeleteObjectCommand({ Bucket: t.bucket, Key: t.key("k"), IfMatch: '"other"' });
      if ((await refusalOf(t.s3.send(remove))).status !== 412) release = "ceph18";
    },
  };
  await run.run(look);
  return release;
}
