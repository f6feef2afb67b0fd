import type { Comparison, ContestantResult } from "../measure/compare.ts";
import type { Cost } from "../measure/run-measured.ts";
import { median, pairedRatio, summary } from "../measure/summary.ts";
import { objectRequests } from "../services/counted-requests.ts";
import { figure } from "./goals.ts";
import { table } from "./table.ts";

/** In which unit speed and CPU time are told: by object where objects are small, by byte where they are large. */
export type Scale = "objects" | "bytes";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** One row a contestant, and one for each of its steps where it has several; the ratios are to the first contestant's time. */
export function comparisonTable(comparison: Comparison, scale: Scale): string {
  const { results, objects, sizeBytes } = comparison;
  const [[firstName, first] = ["", undefined]] = Object.entries(results);
  const unit = UNITS[scale];
  const heads = [
    "",
    "time, s (min–max)",
    unit.speed,
    unit.cpu,
    "memory, MiB",
    "listings",
    "requests an object",
    `time, × ${firstName}'s`,
  ];
  const rows = Object.entries(results).flatMap(([name, result]) => [
    row(name, result.rounds, [
      result.requests === undefined ? "" : figure(result.requests.list),
      result.requests === undefined ? "" : figure(objectRequests(result.requests) / objects),
      first === undefined ? "" : figure(pairedRatio(wallOf(result), wallOf(first))),
    ]),
    ...stepsOf(result).map((step) =>
      row(
        `${name}: ${step} alone`,
        result.rounds.flatMap((round) => round.steps[step] ?? []),
        [],
      ),
    ),
  ]);
  return table(heads, rows);

  function row(name: string, costs: readonly Cost[], others: readonly string[]): string[] {
    const seconds = summary(costs.map((cost) => cost.wallMs / 1000));
    const cpuMs = median(costs.map((cost) => cost.cpuMs));
    const memory = median(costs.map((cost) => cost.peakRssBytes)) / MIB;
    const amount = { objects, bytes: objects * sizeBytes };
    return [
      name,
      `${figure(seconds.median)} (${figure(seconds.min)}–${figure(seconds.max)})`,
      figure(unit.speedOf(amount) / seconds.median),
      figure(unit.cpuOf(cpuMs, amount)),
      figure(memory),
      ...others,
    ];
  }
}

interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

const UNITS = {
  objects: {
    speed: "objects/s",
    speedOf: ({ objects }: Amount) => objects,
    cpu: "CPU, µs an object",
    cpuOf: (cpuMs: number, { objects }: Amount) => (cpuMs * 1000) / objects,
  },
  bytes: {
    speed: "MB/s",
    speedOf: ({ bytes }: Amount) => bytes / 1e6,
    cpu: "CPU, s a GiB",
    cpuOf: (cpuMs: number, { bytes }: Amount) => cpuMs / 1000 / (bytes / GIB),
  },
};

/** The names of a contestant's steps, unless it has only one. */
function stepsOf({ rounds }: ContestantResult): string[] {
  const names = Object.keys(rounds[0]?.steps ?? {});
  return names.length > 1 ? names : [];
}

function wallOf({ rounds }: ContestantResult): number[] {
  return rounds.map((round) => round.wallMs);
}
