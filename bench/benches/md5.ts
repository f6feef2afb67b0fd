import type { Bench } from "../bench.ts";
import { interleaved } from "../measure/interleave.ts";
import { runProgram } from "../measure/run-program.ts";
import { median, pairedRatio } from "../measure/summary.ts";
import { figure } from "../report/goals.ts";
import { table } from "../report/table.ts";

const CONTESTANTS = [
  { name: "node:crypto", by: "crypto", bodies: 1 },
  ...[1, 2, 4, 8, 12].map((bodies) => ({ name: `${bodies} at once`, by: "lanes", bodies })),
];

export const md5: Bench = {
  what: "CPU of the MD5 of 1 GiB, in bodies of 8 MiB, one after the other and several at once",
  async *run({ rounds, progress }) {
    const results = await interleaved(rounds, CONTESTANTS, async ({ name, by, bodies }, round) => {
      const { figures } = await runProgram<{ readonly seconds: number }>("md5/bodies-at-once.ts", by, bodies);
      progress(`round ${round}, ${name}: ${figure(figures.seconds)} s`);
      return figures.seconds;
    });
    const [crypto = []] = results.values();
    yield {
      title: "CPU of the MD5 of 1 GiB",
      table: table(
        ["", "CPU, s", "of node:crypto's"],
        [...results].map(([name, all]) => [name, figure(median(all)), figure(pairedRatio(all, crypto))]),
      ),
      goals: [],
      data: Object.fromEntries(results),
    };
  },
};
