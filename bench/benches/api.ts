import { join } from "node:path";
import { bareStream, service, supabaseTwin, type ObjectServer } from "../api/contestants.ts";
import { load, type Load } from "../api/load.ts";
import type { Bench } from "../bench.ts";
import { interleaved } from "../measure/interleave.ts";
import { median, pairedRatio } from "../measure/summary.ts";
import { figure } from "../report/goals.ts";
import { table } from "../report/table.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Large objects keep a connection busy, small ones the handler. */
const SIZES = [
  { title: "16 KiB", sizeBytes: 16 * KIB, requests: 2_000, atOnce: 32 },
  { title: "64 MiB", sizeBytes: 64 * MIB, requests: 8, atOnce: 2 },
];
const OF_BARE = 0.8;
const OF_TWIN = 1.5;

export const api: Bench = {
  what: "objects through the API service over a folder: proxied uploads and downloads",
  async *run({ rounds, folder, progress }) {
    const servers: ObjectServer[] = [];
    try {
      const ours = await service(join(folder, "api-service"));
      servers.push(ours);
      const bare = await bareStream(join(folder, "api-bare"));
      servers.push(bare);
      const twin = await supabaseTwin(join(folder, "api-twin"));
      servers.push(twin);
      for (const { title, sizeBytes, requests, atOnce } of SIZES) {
        const contestants = sizeBytes > MIB ? [ours, bare] : [ours, bare, twin];
        for (const kind of ["upload", "download"] as const) {
          // The first requests compile the code; a download needs what an upload has left.
          for (const server of contestants) {
            await load(server, { kind, sizeBytes, requests: Math.max(atOnce, requests / 4), atOnce });
          }
          const results = await interleaved(rounds, contestants, async (server, round) => {
            const result = await load(server, { kind, sizeBytes, requests, atOnce });
            progress(`${title} ${kind}, round ${round}, ${server.name}: ${figure(result.requestsPerSecond)}/s`);
            return result;
          });
          const rates = (server: ObjectServer): number[] =>
            (results.get(server.name) ?? []).map((one) => one.requestsPerSecond);
          const what = `${kind}s of ${title} a second, of those of`;
          yield {
            title: `${kind}s of ${title}, ${atOnce} at once`,
            table: tableOf(results, sizeBytes, rates(ours)),
            goals: [
              {
                what: `${what} ${bare.name}`,
                value: pairedRatio(rates(ours), rates(bare)),
                must: "at least",
                target: OF_BARE,
                unit: " ×",
              },
              ...(contestants.includes(twin)
                ? [
                    {
                      what: `${what} ${twin.name}`,
                      value: pairedRatio(rates(ours), rates(twin)),
                      must: "at least" as const,
                      target: OF_TWIN,
                      unit: " ×",
                    },
                  ]
                : []),
            ],
            data: Object.fromEntries(results),
          };
        }
      }
    } finally {
      for (const server of servers) await server.close();
    }
  },
};

function tableOf(results: ReadonlyMap<string, readonly Load[]>, sizeBytes: number, ours: readonly number[]): string {
  return table(
    ["", "requests/s", "MiB/s", "p99, ms", "the service's, × this"],
    [...results].map(([name, all]) => {
      const rates = all.map((one) => one.requestsPerSecond);
      return [
        name,
        figure(median(rates)),
        figure((median(rates) * sizeBytes) / MIB),
        figure(median(all.map((one) => one.p99Ms))),
        figure(pairedRatio(ours, rates)),
      ];
    }),
  );
}
