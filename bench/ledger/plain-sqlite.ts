/**
 * The limit: the same rows in the same tables, written by SQLite's driver and nothing around it. No check of a state's
 * predecessor, nobody who waits for a batch.
 * `node --conditions=@bucketferry/source bench/ledger/plain-sqlite.ts OBJECTS`
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openTestLedger, temporaryFolder } from "../../packages/ledger/test/ledger-fixture.ts";
import { BATCH, keyAt, MD5, rateOf, SHA256, type LedgerFigures } from "./ledger-work.ts";

const objects = Number(process.argv[2]);
const folder = temporaryFolder();
const path = join(folder.path, "ledger.db");
await (await openTestLedger(path)).close();

const db = new Database(path);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = NORMAL");
const insert = db.prepare(
  `insert into objects (route_id, key, state, reason, size, etag, target_key, attempts, updated_at)
   values (1, ?, 'planned', 'missing', ?, ?, ?, 0, ?)`,
);
const nextPage = db.prepare("select * from objects where route_id = 1 and key > ? order by key limit ?");
const update = db.prepare(
  `update objects set state = 'copied', sha256 = ?, target_etag = ?, target_size = ?, evidence = 'put-checksum', updated_at = ?
   where route_id = 1 and key = ?`,
);
const insertBatch = db.transaction((from: number) => {
  for (let i = from; i < Math.min(from + BATCH, objects); i++) insert.run(keyAt(i), i, MD5, keyAt(i), Date.now());
});
const updateBatch = db.transaction((rows: readonly Row[]) => {
  for (const { key, size } of rows) update.run(SHA256, MD5, size, Date.now(), key);
});

interface Row {
  readonly key: string;
  readonly size: number;
}

const planned = await rateOf(objects, () => {
  for (let from = 0; from < objects; from += BATCH) insertBatch(from);
});
const recorded = await rateOf(objects, () => {
  for (let rows = pageAfter(""); rows.length > 0; rows = pageAfter(rows.at(-1)?.key ?? "")) updateBatch(rows);
});
db.close();
const figures: LedgerFigures = { planned, recorded, bytesOnDisk: statSync(path).size };
folder.remove();
console.log(JSON.stringify(figures));

function pageAfter(key: string): Row[] {
  return nextPage.all(key, BATCH) as Row[];
}
