import { join } from "node:path";
import { requirePostgres, type PostgresServer } from "@bucketferry/local-servers";
import {
  bareStream,
  service,
  serviceWithTokens,
  supabaseOnPostgres,
  supabaseTwin,
  type ObjectServer,
} from "../api/contestants.ts";
import { load, type Load, type LoadOptions } from "../api/load.ts";
import type { Bench } from "../bench.ts";
import { interleaved } from "../measure/interleave.ts";
import { median, pairedRatio } from "../measure/summary.ts";
import { figure, type Goal } from "../report/goals.ts";
import { table } from "../report/table.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const SMALL = { sizeBytes: 16 * KIB, requests: 2_000, atOnce: 32 };
const LARGE = { sizeBytes: 64 * MIB, requests: 8, atOnce: 2 };
/**
 * Large objects keep a connection busy, small ones the handler. The service gives each upload a key of its own; over an
 * object that is there ext4 writes the new bytes to the disk first, whoever renames a file over it (`auto_da_alloc`, ext4(5)).
 * A download needs what an upload has left.
 */
const LOADS: readonly (LoadOptions & { readonly title: string })[] = [
  { title: "new uploads of 16 KiB", kind: "upload", ...SMALL, names: "new" },
  { title: "uploads of 16 KiB over others", kind: "upload", ...SMALL, names: 32 },
  { title: "downloads of 16 KiB", kind: "download", ...SMALL, names: 32 },
  { title: "uploads of 64 MiB over others", kind: "upload", ...LARGE, names: 2 },
  { title: "downloads of 64 MiB", kind: "download", ...LARGE, names: 2 },
];
const OF_BARE = 0.8;
const OF_SUPABASE = 1.5;

/** One of ours, and whom it is compared with: like with like, so where requests prove who they come from, ours do too. */
interface Pair {
  readonly ours: ObjectServer;
  readonly rival: ObjectServer;
  /** Rate of ours, in that of the rival, that the project demands of itself; undefined: only told. */
  readonly target?: number;
  readonly sizes: "all" | "small";
}

export const api: Bench = {
  what: "objects through the API service over a folder: proxied uploads and downloads",
  async *run({ rounds, folder, progress }) {
    const servers: ObjectServer[] = [];
    let database: PostgresServer | undefined;
    const start = async (server: Promise<ObjectServer>): Promise<ObjectServer> => {
      const started = await server;
      servers.push(started);
      return started;
    };
    try {
      database = await requirePostgres();
      const open = await start(service(join(folder, "api-service")));
      const closed = await start(serviceWithTokens(join(folder, "api-tokens")));
      const bare = await start(bareStream(join(folder, "api-bare")));
      const twin = await start(supabaseTwin(join(folder, "api-twin")));
      const pairs: Pair[] = [
        { ours: open, rival: bare, target: OF_BARE, sizes: "all" },
        { ours: closed, rival: twin, sizes: "small" },
      ];
      if (database !== undefined) {
        const rival = await start(supabaseOnPostgres(join(folder, "api-supabase"), database));
        pairs.push({ ours: closed, rival, target: OF_SUPABASE, sizes: "small" });
      }
      for (const { title, ...options } of LOADS) {
        const { sizeBytes, requests, atOnce } = options;
        const compared = pairs.filter(({ sizes }) => sizes === "all" || sizeBytes < MIB);
        const contestants = [...new Set(compared.flatMap(({ ours, rival }) => [ours, rival]))];
        // The first requests compile the code.
        for (const server of contestants) {
          await load(server, { ...options, requests: Math.max(atOnce, requests / 4) });
        }
        const results = await interleaved(rounds, contestants, async (server, round) => {
          const result = await load(server, options);
          progress(`${title}, round ${round}, ${server.name}: ${figure(result.requestsPerSecond)}/s`);
          return result;
        });
        yield {
          title: `${title}, ${atOnce} at once`,
          table: tableOf(results, sizeBytes, compared),
          goals: compared.flatMap(({ ours, rival, target }): Goal[] =>
            target === undefined
              ? []
              : [
                  {
                    what: `${title} a second, of those of ${rival.name}`,
                    value: pairedRatio(rates(results, ours), rates(results, rival)),
                    must: "at least",
                    target,
                    unit: " ×",
                  },
                ],
          ),
          data: Object.fromEntries(results),
        };
      }
    } finally {
      for (const server of servers) await server.close();
      await database?.close();
    }
  },
};

type Results = ReadonlyMap<string, readonly Load[]>;

function rates(results: Results, { name }: ObjectServer): number[] {
  return (results.get(name) ?? []).map((one) => one.requestsPerSecond);
}

function tableOf(results: Results, sizeBytes: number, pairs: readonly Pair[]): string {
  return table(
    ["", "requests/s", "MiB/s", "p99, ms", "CPU of a request, µs", "the service's rate, × this"],
    [...results].map(([name, all]) => {
      const own = all.map((one) => one.requestsPerSecond);
      const pair = pairs.find(({ rival }) => rival.name === name);
      return [
        name,
        figure(median(own)),
        figure((median(own) * sizeBytes) / MIB),
        figure(median(all.map((one) => one.p99Ms))),
        figure(median(all.map((one) => one.cpuMicroseconds))),
        pair === undefined ? "" : figure(pairedRatio(rates(results, pair.ours), own)),
      ];
    }),
  );
}
