import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { rowOf } from "../src/objects/object-row.ts";
import { firstSchema } from "../src/schema/0001-ledger.ts";
import { appliedMigrations, migrateSchema, migrationsFor } from "../src/schema/migrations.ts";
import { openSqliteFile } from "../src/sqlite/sqlite-file.ts";
import { collect, openTestLedger, planned, ROUTE, temporaryFolder } from "./ledger-fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(async () => {
  folder = temporaryFolder();
  path = join(folder.path, "ledger.db");
  await ledgerOfTheFirstVersion();
});
afterEach(() => folder.remove());

const KEYS = ["a", "b/ü", "\u{1f389}"];

/** A ledger as the first version left it: its schema alone, with objects, and with a part of an upload. */
async function ledgerOfTheFirstVersion(): Promise<void> {
  const file = openSqliteFile(path, { create: true, busyTimeoutMs: 1_000 });
  await file.exclusively(async (db) => {
    await migrateSchema(db, { "0001-ledger": firstSchema("sqlite") }, path);
    const { name, sourceIdentity, targetIdentity } = ROUTE;
    const route = { name, source_identity: sourceIdentity, target_identity: targetIdentity, created_at: 1 };
    await db.insertInto("routes").values(route).execute();
    await db
      .insertInto("objects")
      .values(KEYS.map((key) => rowOf({ ...planned(key, 7), state: "copied", reason: null, sha256: "ab" }, 1, 1)))
      .execute();
  });
  await file.close();
}

it("L13 a ledger of the first version is brought up to date by whoever writes, and keeps all that it remembers", async () => {
  const ledger = await openTestLedger(path);
  const objects = await collect(ledger.objects.walk({ route: ROUTE.name }));
  expect(objects.map(({ key, state, sha256 }) => [key, state, sha256])).toEqual(
    KEYS.map((key) => [key, "copied", "ab"]),
  );
  await ledger.objects.write([planned("new")]);
  await ledger.close();

  const file = openSqliteFile(path, { create: false, busyTimeoutMs: 1_000 });
  expect(await appliedMigrations(file.db)).toEqual(Object.keys(migrationsFor("sqlite")));
  await file.close();
  await (await openTestLedger(path, { mode: "read" })).close();
});

it("L13 a ledger of the first version is not changed by whoever only reads, who is told what to do", async () => {
  await expect(openTestLedger(path, { mode: "read" })).rejects.toMatchObject({
    message: expect.stringContaining("has schema 0001-ledger, and this version of bucketferry needs"),
    hint: expect.stringContaining("bucketferry plan"),
  });
  const file = openSqliteFile(path, { create: false, busyTimeoutMs: 1_000 });
  expect(await appliedMigrations(file.db)).toEqual(["0001-ledger"]);
  await file.close();
});
