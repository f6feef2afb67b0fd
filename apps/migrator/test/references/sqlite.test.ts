import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DatabaseError } from "../../src/references/contract.ts";
import { openReferences } from "../../src/references/open-references.ts";
import { sqliteApp } from "./engines.ts";
import { rewriterPromises } from "./rewrite-and-rollback.ts";

rewriterPromises("SQLite", sqliteApp);

test("a file that is not there, and one that is no database, are refused with what to do", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-references-"));
  const path = join(directory, "app.db");
  const open = (): Promise<unknown> =>
    openReferences({ database: { kind: "sqlite", path }, routes: [], rewriteTo: { to: "public" }, exclude: [] });
  const missing = await open().catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(DatabaseError);
  expect(missing).toMatchObject({ code: "unreachable", hint: expect.stringContaining("database.url") as string });
  await writeFile(path, "this is no database at all, but long enough to be looked at as one ".repeat(20));
  await expect(open()).rejects.toMatchObject({ code: "unreadable" });
  await rm(directory, { recursive: true });
});
