/**
 * The plan's walk through two listings and the ledger, without a network: what it costs an object, and what it holds in memory.
 * `node --conditions=@bucketferry/source bench/delta-merge.ts [objects]` (default 100000)
 *
 * Two providers list the same synthetic objects, a thousand a page, as fast as JavaScript makes them; the ledger is a real
 * SQLite file in the folder for temporary files. Two measurements, in one process one after the other:
 * - `first`: nothing is on record, and everything is planned: every object is a row that is written;
 * - `delta`: everything is on record as verified, and nothing has changed. Its seconds hold nothing but the merge.
 *
 * Prints one line of JSON:
 * `{ objects, first: { objectsPerSecond, objectsPerCpuSecond }, delta: { …the same, listings, ledgerWrites }, objectsPerSecond, peakRssMiB }`,
 * in which `objectsPerSecond` is that of `delta` and `peakRssMiB` that of the whole process. Between the two, the ledger's rows are set to verified by
 * SQL, in another process, so that making them does not count.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { openLedger } from "@bucketferry/ledger";
import type { ListPage, ObjectEntry, StorageProvider } from "@bucketferry/storage-core";
import { memory } from "@bucketferry/storage-core/memory";
import { plan, type PlanOptions } from "../apps/migrator/src/stages/plan.ts";
import type { Reporter } from "../apps/migrator/src/report/reporter.ts";
import { temporaryFolder } from "../packages/ledger/test/ledger-fixture.ts";

const objects = Number(process.argv[2] ?? 100_000);
const PAGE = 1_000;
const folder = temporaryFolder();
const path = join(folder.path, "ledger.db");
const identity = { name: "audio", sourceIdentity: "synthetic source", targetIdentity: "synthetic target" };
let listings = 0;

function entryAt(index: number): ObjectEntry {
  const number = String(index).padStart(9, "0");
  return {
    type: "object",
    key: `audio/${number}_0b3fa1c2-aaaa-bbbb-cccc-1234567890ab.mp3`,
    size: 1_000 + (index % 5_000),
    etag: `d41d8cd98f00b204e9800998${number}`,
    lastModified: new Date(1_700_000_000_000 + index),
  };
}

/** A provider that has the first objects of an endless bucket. */
function synthetic(count: number): StorageProvider {
  return {
    ...memory(),
    listPage: async ({ cursor = "0" } = {}): Promise<ListPage> => {
      listings++;
      // A page of a real listing comes from the network: timers and the collector have their turn.
      await turn();
      const first = Number(cursor);
      const entries = Array.from({ length: Math.min(PAGE, count - first) }, (_, i) => entryAt(first + i));
      const next = first + entries.length;
      return next < count ? { entries, cursor: String(next) } : { entries };
    },
  };
}

const silent: Reporter = {
  kind: "json",
  logLevel: "silent",
  event: () => undefined,
  line: () => undefined,
  table: () => undefined,
  progress: () => ({ add: () => undefined, end: () => undefined }),
  confirm: () => Promise.resolve(undefined),
  log: () => undefined,
  summary: () => undefined,
};
const options: PlanOptions = {
  placeholders: "skip",
  overwrite: false,
  selections: new Map(),
  archived: "skip",
  metadata: "keep-in-ledger",
  manifest: undefined,
  partSizeBytes: undefined,
  bytesPerSecond: undefined,
};

async function measure(onTarget: number) {
  const ledger = await openLedger({ path, routes: [identity], mode: "write", command: "bench", version: "0" });
  const never = new AbortController().signal;
  let ledgerWrites = 0;
  const counting = {
    ...ledger,
    writer: () => ledger.writer({ onCommitted: () => void ledgerWrites++ }),
  };
  const route = {
    ...identity,
    source: synthetic(objects),
    target: synthetic(onTarget),
    targetKey: (key: string) => key,
    close: () => Promise.resolve(),
  };
  listings = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const summary = await plan(
    { routes: [route], ledger: counting, reporter: silent, drain: never, abort: never },
    options,
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await ledger.close();
  return {
    objectsPerSecond: Math.round(objects / seconds),
    objectsPerCpuSecond: Math.round(objects / ((user + system) / 1e6)),
    listings,
    ledgerWrites,
    kept: summary.kept,
    toCopy: summary.toCopy.objects,
  };
}

try {
  const first = await measure(0);
  const settle = `
    import { createRequire } from "node:module";
    const Database = createRequire(${JSON.stringify(join(import.meta.dirname, "../packages/ledger/package.json"))})("better-sqlite3");
    const db = new Database(${JSON.stringify(path)});
    db.exec("update objects set state = 'verified', reason = null, target_size = size, target_etag = etag, evidence = 'put-checksum', sha256 = '${"ab".repeat(32)}'");
    db.close();`;
  const settled = spawnSync(process.execPath, ["--input-type=module", "--eval", settle], { stdio: "inherit" });
  if (settled.status !== 0) throw new Error("the ledger could not be settled");
  const delta = await measure(objects);
  if (delta.kept !== objects || delta.ledgerWrites !== 0) throw new Error(`not a delta: ${JSON.stringify(delta)}`);
  console.log(
    JSON.stringify({
      objects,
      first,
      delta,
      objectsPerSecond: delta.objectsPerSecond,
      peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
} finally {
  folder.remove();
}
