import { rm, truncate } from "node:fs/promises";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgres, POSTGRES_HINT, requireEngine } from "@bucketferry/local-servers";
import { sql } from "kysely";
import { afterEach, expect, it, vi } from "vitest";
import { openDatabase } from "../src/database/open-database.ts";
import { openWorld } from "./support/world.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

it("a database that is gone: the process lives, is not ready, and says 503 without a word about the database", async (context) => {
  const engine = requireEngine("PostgreSQL", await postgres(), POSTGRES_HINT);
  if (engine === undefined) return context.skip();
  ends.push(() => engine.close());
  const world = await openWorld("fs and SQLite", { DATABASE_URL: await engine.createDatabase() });
  if (world === undefined) throw new Error("The embedded service needs no engine.");
  ends.push(() => world.close());
  const headers = { authorization: `Bearer ${await world.token("ada")}` };
  expect((await fetch(`${world.url}/lectures`, { headers })).status).toBe(200);
  await engine.close();

  const answer = await fetch(`${world.url}/lectures`, { headers });
  const text = await answer.text();
  expect([answer.status, (JSON.parse(text) as { code: string }).code]).toEqual([503, "DatabaseUnavailable"]);
  expect(text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/i);
  expect((await fetch(`${world.url}/health/live`)).status).toBe(200);
  const ready = await fetch(`${world.url}/health/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ checks: { storage: "ok", database: "failing" } });
});

it("a connection that breaks between two statements of a transaction ends that transaction, and not the process", async (context) => {
  const engine = requireEngine("PostgreSQL", await postgres(), POSTGRES_HINT);
  if (engine === undefined) return context.skip();
  ends.push(() => engine.close());
  const url = await engine.createDatabase();
  const db = openDatabase(url, () => undefined);
  ends.push(() => db.destroy());
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  process.prependListener("uncaughtException", hear);
  ends.push(() => Promise.resolve(process.off("uncaughtException", hear)));

  const broken = db.transaction().execute(async (transaction) => {
    const pid = sql<{ pid: number }>`select pg_backend_pid() as pid`;
    const [row] = (await pid.execute(transaction)).rows;
    await sql`select pg_terminate_backend(${row?.pid}, 10000)`.execute(db);
    // Once another connection has gone there and back, the news of this one has arrived too.
    await sql`select pg_sleep(0.2)`.execute(db);
    await pid.execute(transaction);
  });
  await expect(broken).rejects.toThrow(/terminat|not queryable|connection error/i);
  expect(unheard).toEqual([]);
  expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
});

/** The service on a folder that a test may spoil. */
async function serviceOnFolder() {
  const folder = mkdtempSync(join(tmpdir(), "bucketferry-api-outage-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const files = join(folder, "files");
  writeFileSync(join(folder, "storage.json"), JSON.stringify({ adapter: "fs", directory: files }));
  const world = await openWorld("fs and SQLite", { STORAGE_CONFIG: join(folder, "storage.json") });
  if (world === undefined) throw new Error("The embedded service needs no engine.");
  ends.push(() => world.close());
  return { world, folder, files };
}

it("an object that is cut while it is sent: the client's connection ends, and the log says why", async () => {
  const printed = vi.spyOn(console, "error");
  ends.push(() => Promise.resolve(printed.mockRestore()));
  const { world, files } = await serviceOnFolder();
  await world.service.storage.put("large.bin", Buffer.alloc(64 * 1024 * 1024));

  const headers = { authorization: `Bearer ${await world.serviceToken()}` };
  const answer = await fetch(`${world.url}/files/large.bin`, { headers });
  // Nothing is read yet, so no more of it is on its way than sockets hold.
  await truncate(join(files, "large.bin"), 1024 * 1024);
  await expect(answer.arrayBuffer()).rejects.toThrow("terminated");
  expect(world.logged()).toMatch(/"IncompleteBody".*"a download broke off"/);
  expect(printed).not.toHaveBeenCalled();
});

it("storage that is gone: the process lives, is not ready, and other requests are answered", async () => {
  const { world, folder, files } = await serviceOnFolder();
  await rm(files, { recursive: true });

  const service = { authorization: `Bearer ${await world.serviceToken()}` };
  const answer = await fetch(`${world.url}/files/a.txt`, { headers: service });
  const text = await answer.text();
  expect([answer.status, (JSON.parse(text) as { code: string }).code]).toEqual([503, "StorageUnavailable"]);
  expect(text).not.toContain(folder);
  expect((await fetch(`${world.url}/lectures`, { headers: service })).status).toBe(200);
  const ready = await fetch(`${world.url}/health/ready`);
  expect(await ready.json()).toMatchObject({ checks: { storage: "failing", database: "ok" } });
});
