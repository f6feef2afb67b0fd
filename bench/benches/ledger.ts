import type { Bench } from "../bench.ts";
import type { LedgerFigures } from "../ledger/ledger-work.ts";
import { interleaved } from "../measure/interleave.ts";
import { runProgram } from "../measure/run-program.ts";
import { median } from "../measure/summary.ts";
import { figure } from "../report/goals.ts";
import { table } from "../report/table.ts";

const OBJECTS = 200_000;
const OURS = "bucketferry's ledger";
const CONTESTANTS = [
  { name: OURS, program: "ledger/ledger-states.ts" },
  { name: "limit: the driver alone", program: "ledger/plain-sqlite.ts" },
];

export const ledger: Bench = {
  what: "states that are recorded in SQLite, a thousand a transaction",
  async *run({ rounds, objects = OBJECTS, progress }) {
    const results = await interleaved(rounds, CONTESTANTS, async ({ name, program }, round) => {
      const { figures, peakRssBytes } = await runProgram<LedgerFigures>(program, objects);
      progress(`round ${round}, ${name}: ${figure(figures.recorded.perSecond)} states/s`);
      return { ...figures, peakRssBytes };
    });
    const rows = [...results].map(([name, all]) => ({
      name,
      planned: median(all.map((one) => one.planned.perSecond)),
      recorded: median(all.map((one) => one.recorded.perSecond)),
      perCpuSecond: median(all.map((one) => one.recorded.perCpuSecond)),
      memory: median(all.map((one) => one.peakRssBytes)) / 2 ** 20,
      bytes: median(all.map((one) => one.bytesOnDisk)) / objects,
    }));
    const ours = rows.find((row) => row.name === OURS);
    yield {
      title: `${objects.toLocaleString("en")} objects in SQLite`,
      table: table(
        ["", "new objects/s", "recorded states/s", "recorded states per CPU second", "memory, MiB", "bytes an object"],
        rows.map(({ name, ...figures }) => [name, ...Object.values(figures).map(figure)]),
      ),
      goals: [
        {
          what: "recorded states/s on SQLite",
          value: Math.min(ours?.planned ?? 0, ours?.recorded ?? 0),
          must: "at least",
          target: 50_000,
          unit: "",
        },
      ],
      data: Object.fromEntries(results),
    };
  },
};
