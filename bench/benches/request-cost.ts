import type { Bench } from "../bench.ts";
import { interleaved } from "../measure/interleave.ts";
import { runProgram } from "../measure/run-program.ts";
import { median, pairedRatio } from "../measure/summary.ts";
import { figure } from "../report/goals.ts";
import { table } from "../report/table.ts";

/** What `request-cost/one-lane.ts` says: CPU time of one request, in microseconds. */
interface LaneCost {
  readonly get: number;
  readonly put: number;
}

const REQUESTS = 5_000;
const LANES = [
  { name: "our own lane", lane: "auto" },
  { name: "the AWS SDK", lane: "sdk" },
];

export const requestCost: Bench = {
  what: "CPU of one request of 4 KiB through the whole provider: checks, signature, HTTP, answer",
  async *run({ rounds, objects = REQUESTS, progress }) {
    const results = await interleaved(rounds, LANES, async ({ name, lane }, round) => {
      const { figures } = await runProgram<LaneCost>("request-cost/one-lane.ts", lane, objects);
      progress(`round ${round}, ${name}: GET ${figure(figures.get)} µs, PUT ${figure(figures.put)} µs`);
      return figures;
    });
    const [own = []] = results.values();
    const ratio = (all: readonly LaneCost[], kind: keyof LaneCost): string =>
      figure(
        pairedRatio(
          all.map((one) => one[kind]),
          own.map((one) => one[kind]),
        ),
      );
    yield {
      title: "CPU of one request of 4 KiB",
      table: table(
        ["", "GET, µs", "PUT, µs", "GET, × our own", "PUT, × our own"],
        [...results].map(([name, all]) => [
          name,
          figure(median(all.map((one) => one.get))),
          figure(median(all.map((one) => one.put))),
          ratio(all, "get"),
          ratio(all, "put"),
        ]),
      ),
      goals: [],
      data: Object.fromEntries(results),
    };
  },
};
