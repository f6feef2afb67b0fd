/**
 * Scan and rewrite of a large app's database: 200 tables, 2 million rows, every kind of column, triggers and row-level security on.
 * Prints times and memory, and ends with 1 when a count is wrong.
 *
 * `node --conditions=@bucketferry/source apps/migrator/test/references/many-tables-run.ts [tables] [rows of each]`
 */
import { postgres } from "@bucketferry/local-servers";
import { postgresApp } from "./engines.ts";
import { never, opened, verified } from "./harness.ts";
import { makeManyTables } from "./many-tables.ts";

const [tables = 200, rowsEach = 10_000] = process.argv.slice(2).map(Number);
const server = await postgres();
if (server === undefined) throw new Error("PostgreSQL 15 or newer has to be installed.");
const app = await postgresApp(server.url);
let mostMiB = 0;
const watch = setInterval(() => {
  mostMiB = Math.max(mostMiB, process.memoryUsage.rss() / 2 ** 20);
}, 100);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startMs) / 1000;
  console.log(
    `${what.padEnd(24)} ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU here, ${Math.round(mostMiB)} MiB at most`,
  );
  return result;
}

function expectCount(what: string, count: number, expected: number): void {
  console.log(`${count === expected ? "right" : "WRONG"}  ${what}: ${count.toLocaleString("en")}`);
  if (count !== expected) process.exitCode = 1;
}

const expected = await timed("generated", () => makeManyTables(app, tables, rowsEach));
console.log(`${tables} tables, ${expected.rows.toLocaleString("en")} rows`);
const run = await opened(app);
const onEvent = (): void => {};
const scanned = await timed("scan", () => run.references.scan({ signal: never, onEvent }));
expectCount("tables", scanned.tables, tables);
expectCount("references", scanned.references, expected.references);
const rewritten = await timed("rewrite", () =>
  run.references.rewrite({ apply: true, states: verified, signal: never, onEvent }),
);
expectCount("cells rewritten", rewritten.cellsRewritten, expected.cells);
expectCount("references rewritten", rewritten.referencesRewritten, expected.references);
expectCount("failed", rewritten.failed, 0);
const again = await timed("scan again", () => run.references.scan({ signal: never, onEvent }));
expectCount("references left", again.references, 0);
const restored = await timed("rollback", () => run.references.rollback({ apply: true, signal: never, onEvent }));
expectCount("cells restored", restored.restored, expected.cells);
clearInterval(watch);
await run.close();
await app.close();
await server.close();
