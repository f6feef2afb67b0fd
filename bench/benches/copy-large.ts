import type { Bench } from "../bench.ts";
import { bucketferry } from "../contestants/bucketferry.ts";
import { limit } from "../contestants/limit.ts";
import { rcloneCopy } from "../contestants/rclone.ts";
import { compareFresh } from "../measure/compare.ts";
import { comparisonTable } from "../report/comparison-table.ts";
import { ratioGoal } from "../report/ratio-goal.ts";
import { medianOf } from "../report/ratio.ts";

const MIB = 2 ** 20;

export const copyLarge: Bench = {
  what: "4 objects of 256 MiB",
  async *run(context) {
    const { rclone, objects = 4, sizeBytes = 256 * MIB } = context;
    const contestants = [bucketferry, ...(rclone === undefined ? [] : [rcloneCopy()]), limit("copy-ranges")];
    for (const service of context.services) {
      const comparison = await compareFresh(context, { service, objects, sizeBytes }, contestants);
      const ours = "bucketferry";
      yield {
        title: `${objects} objects of ${sizeBytes / MIB} MiB on ${service.name}`,
        table: comparisonTable(comparison, "bytes"),
        goals: [
          ...ratioGoal(comparison, {
            what: "MB/s, of rclone's",
            figure: "wallMs",
            of: "rclone",
            by: ours,
            must: "at least",
            target: 1.2,
          }),
          ...ratioGoal(comparison, {
            what: "CPU a GiB, of rclone's",
            figure: "cpuMs",
            of: ours,
            by: "rclone",
            must: "at most",
            target: 0.75,
          }),
          ...ratioGoal(comparison, {
            what: "time, of the limit's",
            figure: "wallMs",
            of: ours,
            by: "limit",
            must: "at most",
            target: 1.15,
          }),
          {
            what: `memory, ${service.name}`,
            value: medianOf(comparison, "peakRssBytes", ours) / MIB,
            must: "at most",
            target: 200,
            unit: " MiB",
          },
        ],
        data: comparison,
      };
    }
  },
};
