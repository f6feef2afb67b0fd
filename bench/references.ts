/**
 * The rewriter beside what plain SQL does with the same rows: `scan` against `SELECT count(*) … WHERE col LIKE '%host%'` over the
 * same columns, `rewrite` against one plain `UPDATE … replace()` in batches of the same size. Both sides take turns within one run,
 * and the ratio of their medians is what counts. It starts a PostgreSQL of its own (15 or newer has to be installed).
 *
 * `node --conditions=@bucketferry/source bench/references.ts [rows] [rounds]`
 */
import { postgres } from "@bucketferry/local-servers";
import pg from "pg";
import type { LookUpStates } from "../apps/migrator/src/references/contract.ts";
import { openReferences } from "../apps/migrator/src/references/open-references.ts";
import { classroomRoutes, OLD } from "../apps/migrator/test/references/routes.ts";

const rows = Number(process.argv[2] ?? 1_000_000);
const rounds = Number(process.argv[3] ?? 3);
/** As the rewriter has it: rows of one transaction. */
const BATCH = 500;
const HOST = new URL(OLD).host;
const MUST_REACH = 0.5;

const server = await postgres();
if (server === undefined) throw new Error("PostgreSQL 15 or newer has to be installed for this benchmark.");
const url = await server.createDatabase();
const client = new pg.Client({ connectionString: url });
await client.connect();
const routes = await classroomRoutes();
const references = await openReferences({
  database: { kind: "postgres", url },
  routes,
  rewriteTo: { to: "public" },
  exclude: ["plain.*"],
});
const signal = new AbortController().signal;
const verified: LookUpStates = async (_route, keys) =>
  new Map(keys.map((key) => [key, { state: "verified", targetKey: key }]));
let mostMemoryMiB = 0;
const watch = setInterval(() => {
  mostMemoryMiB = Math.max(mostMemoryMiB, process.memoryUsage.rss() / 2 ** 20);
}, 50);

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function report(what: string, ours: readonly number[], theirs: readonly number[], of: number): void {
  const [own, other] = [median(ours), median(theirs)];
  const perSecond = (seconds: number): string => `${Math.round(of / seconds).toLocaleString("en")} rows/s`;
  const ratio = other / own;
  console.log(
    `${what.padEnd(34)} ours ${perSecond(own).padStart(18)}, SQL ${perSecond(other).padStart(18)}, ratio ${ratio.toFixed(2)}${ratio >= MUST_REACH ? "" : "  BELOW what it must reach"}`,
  );
  if (ratio < MUST_REACH) process.exitCode = 1;
}

/** Posts of some hundred characters; one in `every` has a reference, all of them have a URL of somebody else. */
async function fill(table: string, count: number, every: number): Promise<void> {
  await client.query(
    `create table ${table} (id uuid primary key default gen_random_uuid(), n int, title text, body text)`,
  );
  await client.query(
    `insert into ${table} (n, title, body)
    select i, 'Lecture ' || i, repeat('Some ordinary text of a post, see https://example.org/x/' || i || ' for more. ', 3)
      || case when i % $2 = 0 then $3 || '/lecture-audio/l/' || i || '.m4a' else '' end
    from generate_series(1, $1::int) i`,
    [count, every, OLD],
  );
  // What the plain update finds its batches by.
  await client.query(`create index on ${table} (n)`);
  await client.query(`vacuum analyze ${table}`);
}

console.log(`${rows.toLocaleString("en")} rows, ${rounds} rounds, interleaved`);
for (const every of [100, 10]) {
  const table = `posts_${every}`;
  await fill(table, rows, every);
  const ours: number[] = [];
  const theirs: number[] = [];
  let found = 0;
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(
      await secondsOf(() =>
        client.query(`select count(*) from ${table} where title like '%${HOST}%' or body like '%${HOST}%'`),
      ),
    );
    ours.push(
      await secondsOf(async () => {
        ({ references: found } = await references.scan({ signal, table, onEvent: () => {} }));
      }),
    );
  }
  if (found !== Math.floor(rows / every)) throw new Error(`scan found ${found} references, which is wrong`);
  report(`scan, a reference in 1 of ${every}`, ours, theirs, rows);
}

const rewritten = Math.min(100_000, rows);
const ours: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  await client.query("drop table if exists ours, plain, bucketferry_url_journal");
  await fill("ours", rewritten, 1);
  await fill("plain", rewritten, 1);
  theirs.push(
    await secondsOf(async () => {
      for (let from = 0; from < rewritten; from += BATCH) {
        await client.query(`update plain set body = replace(body, $1, $2) where n > $3 and n <= $4 and body like $5`, [
          `${OLD}/lecture-audio`,
          "https://cdn.example.com/audio",
          from,
          from + BATCH,
          `%${HOST}%`,
        ]);
      }
    }),
  );
  ours.push(
    await secondsOf(async () => {
      const done = await references.rewrite({
        apply: true,
        states: verified,
        signal,
        table: "ours",
        onEvent: () => {},
      });
      if (done.cellsRewritten !== rewritten) throw new Error(`rewrote ${done.cellsRewritten} cells, which is wrong`);
    }),
  );
}
report("rewrite, with its journal", ours, theirs, rewritten);
console.log(`${Math.round(mostMemoryMiB)} MiB of memory at most`);

clearInterval(watch);
await references.close();
await Promise.all(routes.map((route) => route.close()));
await client.end();
await server.close();
