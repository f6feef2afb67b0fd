import type { Bench } from "../bench.ts";
import { interleaved } from "../measure/interleave.ts";
import { runProgram } from "../measure/run-program.ts";
import { median } from "../measure/summary.ts";
import { figure } from "../report/goals.ts";
import { table } from "../report/table.ts";

/** What `delta-merge.ts` says. */
interface MergeFigures {
  readonly objects: number;
  readonly first: { readonly objectsPerSecond: number };
  readonly delta: { readonly objectsPerSecond: number; readonly objectsPerCpuSecond: number };
  readonly peakRssMiB: number;
}

const FEW = 100_000;
const MANY = 1_000_000;
/** Much of what grows with the number of objects would show as far more. */
const FLAT = 1.15;

export const deltaMerge: Bench = {
  what: "two listings and the ledger walked in lock step, without a network",
  async *run({ rounds, objects = MANY, progress }) {
    const sizes = [Math.min(FEW, objects), objects].map((count) => ({ name: count.toLocaleString("en"), count }));
    const results = await interleaved(rounds, sizes, async ({ name, count }, round) => {
      const { figures } = await runProgram<MergeFigures>("delta-merge.ts", count);
      progress(`round ${round}, ${name} objects: ${figure(figures.delta.objectsPerSecond)} objects/s`);
      return figures;
    });
    const rows = [...results].map(([name, all]) => ({
      name,
      first: median(all.map((one) => one.first.objectsPerSecond)),
      delta: median(all.map((one) => one.delta.objectsPerSecond)),
      perCpuSecond: median(all.map((one) => one.delta.objectsPerCpuSecond)),
      memory: median(all.map((one) => one.peakRssMiB)),
    }));
    const [few, many] = [rows[0], rows.at(-1)];
    yield {
      title: "listings and ledger in lock step",
      table: table(
        ["objects", "all new, objects/s", "nothing changed, objects/s", "the same per CPU second", "memory, MiB"],
        rows.map(({ name, ...figures }) => [name, ...Object.values(figures).map(figure)]),
      ),
      goals:
        few === undefined || many === undefined
          ? []
          : [
              {
                what: `objects/s over ${many.name} unchanged objects`,
                value: many.delta,
                must: "at least",
                target: 100_000,
                unit: "",
              },
              {
                what: `memory at ${many.name} objects`,
                value: many.memory,
                must: "at most",
                target: 200,
                unit: " MiB",
              },
              {
                what: `memory at ${many.name} objects, of that at ${few.name}`,
                value: many.memory / few.memory,
                must: "at most",
                target: FLAT,
                unit: " ×",
              },
            ],
      data: Object.fromEntries(results),
    };
  },
};
