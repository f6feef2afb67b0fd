import { rm, truncate } from "node:fs/promises";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgres, POSTGRES_HINT, requireEngine } from "@bucketferry/local-servers";
import { afterEach, expect, it, vi } from "vitest";
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
