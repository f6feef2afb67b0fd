import type { Bench } from "../bench.ts";
import { bucketferry } from "../contestants/bucketferry.ts";
import { rcloneCopy } from "../contestants/rclone.ts";
import { comparePrepared } from "../measure/compare.ts";
import { comparisonTable } from "../report/comparison-table.ts";

const OBJECTS = 3_000;
const SIZE_BYTES = 4096;

export const delta: Bench = {
  what: "a second pass over 3,000 objects of which nothing changed",
  async *run(context) {
    const { rclone, objects = OBJECTS, sizeBytes = SIZE_BYTES } = context;
    // With default flags rclone asks for each object's time; with --checksum it compares what the listings say, as we do.
    const all = [bucketferry, ...(rclone === undefined ? [] : [rcloneCopy(), rcloneCopy("--checksum")])];
    const contestants = all.map((contestant) => ({ ...contestant, prepare: contestant.steps }));
    for (const service of context.services) {
      const comparison = await comparePrepared(context, { service, objects, sizeBytes }, contestants);
      yield {
        title: `nothing changed in ${objects.toLocaleString("en")} objects on ${service.name}`,
        table: comparisonTable(comparison, "objects"),
        goals: [],
        data: comparison,
      };
    }
  },
};
