import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BenchContext } from "../bench.ts";
import type { Contestant, Job, PreparedContestant, Step } from "../contestants/contestant.ts";
import { freshBucket, type BenchBucket } from "../services/bucket.ts";
import { countedRequests, type RequestCounts } from "../services/counted-requests.ts";
import type { Service } from "../services/service.ts";
import { interleaved } from "./interleave.ts";
import { runMeasured, type Cost } from "./run-measured.ts";

export interface Workload {
  readonly service: Service;
  readonly objects: number;
  readonly sizeBytes: number;
}

/** What a contestant's steps cost together, and each of them. */
export interface RoundCost extends Cost {
  readonly steps: Readonly<Record<string, Cost>>;
}

export interface ContestantResult {
  readonly rounds: readonly RoundCost[];
  /** Undefined: not counted. */
  readonly requests: RequestCounts | undefined;
}

export interface Comparison extends Omit<Workload, "service"> {
  readonly service: string;
  /** By contestant, in the order in which they ran. */
  readonly results: Readonly<Record<string, ContestantResult>>;
}

/** Copies the same source by turns, each time into a fresh bucket with a fresh ledger; at last once more, to count requests. */
export function compareFresh(
  context: BenchContext,
  workload: Workload,
  contestants: readonly Contestant[],
  { countsRequests = true } = {},
): Promise<Comparison> {
  return withSource(workload, async (source) => {
    const inFreshPlace = async (seen: Service, work: (job: Job) => Promise<RoundCost>): Promise<RoundCost> => {
      const place = await openPlace(context, workload, seen, source);
      try {
        const cost = await work(place.job);
        await expectComplete(place.target, workload);
        return cost;
      } finally {
        await place.close();
      }
    };
    const timed = await interleaved(context.rounds, contestants, async (contestant, round) => {
      const cost = await inFreshPlace(workload.service, (job) => runSteps(contestant.steps(job)));
      context.progress(`round ${round}, ${contestant.name}: ${(cost.wallMs / 1000).toFixed(2)} s`);
      return cost;
    });
    return comparison(
      workload,
      timed,
      async (contestant) => {
        if (!countsRequests) return undefined;
        return countedRequests(workload.service, async (seen) => {
          await inFreshPlace(seen, (job) => runSteps(contestant.steps(job)));
        });
      },
      contestants,
    );
  });
}

/** Each contestant prepares a target and a ledger of its own, once; every round begins with these. */
export function comparePrepared(
  context: BenchContext,
  workload: Workload,
  contestants: readonly PreparedContestant[],
): Promise<Comparison> {
  return withSource(workload, async (source) => {
    const places = new Map<string, PreparedPlace>();
    const prepare = async (seen: Service, contestant: PreparedContestant): Promise<PreparedPlace> => {
      const place = await openPlace(context, workload, seen, source);
      await runSteps(contestant.prepare(place.job));
      await expectComplete(place.target, workload);
      const kept = `${place.job.folder}-prepared`;
      cpSync(place.job.folder, kept, { recursive: true });
      return {
        ...place,
        restore() {
          rmSync(place.job.folder, { recursive: true });
          cpSync(kept, place.job.folder, { recursive: true });
        },
      };
    };
    try {
      for (const contestant of contestants) places.set(contestant.name, await prepare(workload.service, contestant));
      const timed = await interleaved(context.rounds, contestants, async (contestant, round) => {
        const place = places.get(contestant.name);
        if (place === undefined) throw new Error(`${contestant.name} has no place.`);
        place.restore();
        const cost = await runSteps(contestant.steps(place.job));
        context.progress(`round ${round}, ${contestant.name}: ${(cost.wallMs / 1000).toFixed(2)} s`);
        return cost;
      });
      return await comparison(
        workload,
        timed,
        (contestant) =>
          countedRequests(workload.service, async (seen, begin) => {
            const place = await prepare(seen, contestant);
            try {
              begin();
              await runSteps(contestant.steps(place.job));
            } finally {
              await place.close();
            }
          }),
        contestants,
      );
    } finally {
      for (const place of places.values()) await place.close();
    }
  });
}

/** A target bucket and a folder, both empty. */
interface Place {
  readonly job: Job;
  readonly target: BenchBucket;
  close(): Promise<void>;
}

interface PreparedPlace extends Place {
  /** Makes the folder again what it was when all was prepared. */
  restore(): void;
}

/** `seen` is the service as the contestant sees it, perhaps through something that counts; what is done around goes straight. */
async function openPlace(
  context: BenchContext,
  { service }: Workload,
  seen: Service,
  source: BenchBucket,
): Promise<Place> {
  const target = await freshBucket(service);
  const folder = mkdtempSync(join(context.folder, "job-"));
  return {
    target,
    job: {
      service: seen,
      sourceBucket: source.name,
      targetBucket: target.name,
      folder,
      concurrency: context.concurrency,
    },
    async close() {
      rmSync(folder, { recursive: true, force: true });
      rmSync(`${folder}-prepared`, { recursive: true, force: true });
      await target.remove();
      context.reclaim();
    },
  };
}

async function withSource<T>(
  { service, objects, sizeBytes }: Workload,
  work: (source: BenchBucket) => Promise<T>,
): Promise<T> {
  const source = await freshBucket(service);
  try {
    await source.fill(objects, sizeBytes);
    return await work(source);
  } finally {
    await source.remove();
  }
}

/** A contestant that is fast because it leaves something out is no contestant. */
async function expectComplete(target: BenchBucket, { objects, sizeBytes }: Workload): Promise<void> {
  const found = await target.contents();
  if (found.objects === objects && found.bytes === objects * sizeBytes) return;
  throw new Error(
    `The target holds ${found.objects} objects of ${objects}, ${found.bytes} bytes of ${objects * sizeBytes}.`,
  );
}

async function runSteps(steps: readonly Step[]): Promise<RoundCost> {
  const costs: Record<string, Cost> = {};
  for (const step of steps) {
    const { wallMs, cpuMs, peakRssBytes } = await runMeasured(step);
    costs[step.name] = { wallMs, cpuMs, peakRssBytes };
  }
  const all = Object.values(costs);
  return {
    wallMs: all.reduce((sum, cost) => sum + cost.wallMs, 0),
    cpuMs: all.reduce((sum, cost) => sum + cost.cpuMs, 0),
    peakRssBytes: Math.max(...all.map((cost) => cost.peakRssBytes)),
    steps: costs,
  };
}

async function comparison<One extends Contestant>(
  { service, objects, sizeBytes }: Workload,
  timed: ReadonlyMap<string, readonly RoundCost[]>,
  count: (contestant: One) => Promise<RequestCounts | undefined>,
  contestants: readonly One[],
): Promise<Comparison> {
  const results: Record<string, ContestantResult> = {};
  for (const contestant of contestants) {
    const requests = await count(contestant);
    results[contestant.name] = { rounds: timed.get(contestant.name) ?? [], requests };
  }
  return { service: service.name, objects, sizeBytes, results };
}
