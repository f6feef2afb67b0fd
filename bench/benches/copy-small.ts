import type { Bench, BenchContext, BenchResult } from "../bench.ts";
import { bucketferry } from "../contestants/bucketferry.ts";
import type { Contestant } from "../contestants/contestant.ts";
import { limit } from "../contestants/limit.ts";
import { rcloneCopy } from "../contestants/rclone.ts";
import { compareFresh, type Comparison, type Workload } from "../measure/compare.ts";
import { comparisonTable } from "../report/comparison-table.ts";
import type { Goal } from "../report/goals.ts";
import { ratioGoal } from "../report/ratio-goal.ts";
import { objectRequests } from "../services/counted-requests.ts";

const SMALL_BYTES = 4096;
const FEW = 3_000;
const MANY = 30_000;
const PAGE_OBJECTS = 1_000;

export const copySmall: Bench = {
  what: "3,000 objects of 4 KiB, from an empty ledger to the last one recorded",
  async *run(context) {
    const { rclone, services, objects = FEW } = context;
    const others = rclone === undefined ? [] : [rcloneCopy(), rcloneCopy("--s3-no-head")];
    for (const service of services) {
      const workload = { service, objects, sizeBytes: context.sizeBytes ?? SMALL_BYTES };
      yield await copies(context, workload, { others, cpuShare: 1 / 2, countsRequests: true });
    }
  },
};

export const copyMany: Bench = {
  what: "30,000 objects of 4 KiB, where starting a process is nothing",
  async *run(context) {
    const { rclone, services, objects = MANY } = context;
    const [service] = services;
    if (service === undefined) return;
    const workload = { service, objects, sizeBytes: context.sizeBytes ?? SMALL_BYTES };
    const others = rclone === undefined ? [] : [rcloneCopy()];
    yield await copies(context, workload, { others, cpuShare: 1 / 3, countsRequests: false });
  },
};

interface CopyTerms {
  readonly others: readonly Contestant[];
  /** At most so much of rclone's CPU time. */
  readonly cpuShare: number;
  readonly countsRequests: boolean;
}

async function copies(
  context: BenchContext,
  workload: Workload,
  { others, cpuShare, countsRequests }: CopyTerms,
): Promise<BenchResult> {
  const contestants = [bucketferry, ...others, limit("copy-whole")];
  const comparison = await compareFresh(context, workload, contestants, { countsRequests });
  const { service, objects, sizeBytes } = comparison;
  return {
    title: `${objects.toLocaleString("en")} objects of ${sizeBytes / 1024} KiB on ${service}`,
    table: comparisonTable(comparison, "objects"),
    goals: [...ratioGoals(comparison, workload.service.isLocal ? 2 : 1.5, cpuShare), ...requestGoals(comparison)],
    data: comparison,
  };
}

function ratioGoals(comparison: Comparison, speed: number, cpuShare: number): readonly Goal[] {
  const [ours, theirs] = ["bucketferry", "rclone"];
  return [
    ...ratioGoal(comparison, {
      what: "objects/s, of rclone's",
      figure: "wallMs",
      of: theirs,
      by: ours,
      must: "at least",
      target: speed,
    }),
    ...ratioGoal(comparison, {
      what: "CPU an object, of rclone's",
      figure: "cpuMs",
      of: ours,
      by: theirs,
      must: "at most",
      target: cpuShare,
    }),
    ...ratioGoal(comparison, {
      what: "time, of the limit's",
      figure: "wallMs",
      of: ours,
      by: "limit",
      must: "at most",
      target: 1.35,
    }),
  ];
}

function requestGoals({ service, objects, results }: Comparison): readonly Goal[] {
  const requests = results["bucketferry"]?.requests;
  if (requests === undefined) return [];
  const pages = Math.ceil(objects / PAGE_OBJECTS);
  return [
    {
      what: `requests an object, ${service}`,
      value: objectRequests(requests) / objects,
      must: "exactly",
      target: 2,
      unit: "",
    },
    { what: `listings, both sides, ${service}`, value: requests.list, must: "at most", target: 2 * pages, unit: "" },
  ];
}
