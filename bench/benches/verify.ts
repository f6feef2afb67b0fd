import type { Bench } from "../bench.ts";
import { bucketferry, bucketferryStep } from "../contestants/bucketferry.ts";
import type { PreparedContestant } from "../contestants/contestant.ts";
import { rcloneCopy, rcloneStep } from "../contestants/rclone.ts";
import { comparePrepared } from "../measure/compare.ts";
import { comparisonTable } from "../report/comparison-table.ts";

const OBJECTS = 3_000;
const SIZE_BYTES = 4096;

export const verify: Bench = {
  what: "3,000 copies of 4 KiB looked at by checksums, and read byte by byte at both sides",
  async *run(context) {
    const { rclone, objects = OBJECTS, sizeBytes = SIZE_BYTES } = context;
    const pairs = [
      { title: "by checksums", contestants: [ours(), ...(rclone === undefined ? [] : [theirs()])] },
      { title: "byte by byte", contestants: [ours("--deep"), ...(rclone === undefined ? [] : [theirs("--download")])] },
    ];
    for (const service of context.services) {
      for (const { title, contestants } of pairs) {
        const comparison = await comparePrepared(context, { service, objects, sizeBytes }, contestants);
        yield {
          title: `${objects.toLocaleString("en")} copies checked ${title} on ${service.name}`,
          table: comparisonTable(comparison, "objects"),
          goals: [],
          data: comparison,
        };
      }
    }
  },
};

function ours(...flags: readonly string[]): PreparedContestant {
  return {
    name: ["bucketferry verify", ...flags].join(" "),
    prepare: bucketferry.steps,
    steps: (job) => [bucketferryStep(job, "verify", ...flags)],
  };
}

function theirs(...flags: readonly string[]): PreparedContestant {
  return {
    name: ["rclone check", ...flags].join(" "),
    prepare: rcloneCopy().steps,
    steps: (job) => [rcloneStep(job, "check", ...flags)],
  };
}
