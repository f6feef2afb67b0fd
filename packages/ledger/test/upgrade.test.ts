import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { INSERT_OBJECT, valuesOf } from "../src/objects/object-row.ts";
import { firstSchema } from "../src/schema/0001-ledger.ts";
import { appliedMigrations, migrateSchema, MIGRATIONS } from "../src/schema/migrations.ts";
import { openSqliteFile } from "../src/sqlite/sqlite-file.ts";
import { collect, openTestLedger, planned, ROUTE, temporaryFolder } from "./ledger-fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "ledger.db");
  ledgerOfTheFirstVersion();
});
afterEach(() => folder.remove());

const KEYS = ["a", "b/ü", "\u{1f389}"];

/** A ledger as the first version left it: its schema alone, with objects, and with a part of an upload. */
function ledgerOfTheFirstVersion(): void {
  const file = openSqliteFile(path, { create: true, busyTimeoutMs: 1_000 });
  file.exclusively((sql) => {
    migrateSchema(sql, { "0001-ledger": firstSchema }, path);
    sql.run(
      "insert into routes (name, source_identity, target_identity, created_at) values (?, ?, ?, 1)",
      ROUTE.name,
      ROUTE.sourceIdentity,
      ROUTE.targetIdentity,
    );
    const insert = sql.prepare(INSERT_OBJECT);
    for (const key of KEYS) {
      insert.run(valuesOf({ ...planned(key, 7), state: "copied", reason: null, sha256: "ab" }, 1, 1));
    }
  });
  file.close();
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
  expect(appliedMigrations(file.sql)).toEqual(Object.keys(MIGRATIONS));
  file.close();
  await (await openTestLedger(path, { mode: "read" })).close();
});

it("L13 a ledger of the first version is not changed by whoever only reads, who is told what to do", async () => {
  await expect(openTestLedger(path, { mode: "read" })).rejects.toMatchObject({
    message: expect.stringContaining("has schema 0001-ledger, and this version of bucketferry needs"),
    hint: expect.stringContaining("bucketferry plan"),
  });
  const file = openSqliteFile(path, { create: false, busyTimeoutMs: 1_000 });
  expect(appliedMigrations(file.sql)).toEqual(["0001-ledger"]);
  file.close();
});
