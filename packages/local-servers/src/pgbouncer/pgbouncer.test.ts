import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { requirePostgres } from "../postgres/index.ts";
import { pgBouncer, requirePgBouncer } from "./pgbouncer.ts";

const server = await requirePostgres();
const pooler = server && (await requirePgBouncer(server.url, { poolMode: "transaction", poolSize: 1 }));
afterAll(async () => {
  await pooler?.close();
  await server?.close();
});

async function connected(url = ""): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const backendOf = async (client: pg.Client): Promise<unknown> =>
  (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;

describe.skipIf(server === undefined || pooler === undefined)("a PgBouncer for tests", () => {
  it("lends one connection of the server to several clients, and leads to the database that was asked for", async () => {
    const database = (await server?.createDatabase()) ?? "";
    const [first, second] = [await connected(pooler?.urlOf(database)), await connected(pooler?.urlOf(database))];
    expect(await backendOf(first)).toBe(await backendOf(second));
    const { rows } = await second.query<{ name: string }>("select current_database() as name");
    expect(`/${rows[0]?.name}`).toBe(new URL(database).pathname);
    await first.end();
    await second.end();
  });

  it("wants the password of the server", async () => {
    const url = new URL(pooler?.urlOf(server?.url ?? "") ?? "");
    url.password = "wrong";
    await expect(connected(url.href)).rejects.toThrow(/SASL authentication failed|password/);
  });

  it("does what its console is told", async () => {
    const console = await connected(pooler?.consoleUrl);
    const { rows } = await console.query("show config");
    expect(rows).toContainEqual(expect.objectContaining({ key: "pool_mode", value: "transaction" }));
    await console.end();
  });

  it("gives a session to one client, or not even a transaction, as its mode says", async () => {
    const session = await pgBouncer(server?.url ?? "", { poolMode: "session" });
    const [first, second] = [
      await connected(session?.urlOf(server?.url ?? "")),
      await connected(session?.urlOf(server?.url ?? "")),
    ];
    expect(await backendOf(first)).not.toBe(await backendOf(second));
    await first.end();
    await second.end();
    await session?.close();
    const statement = await pgBouncer(server?.url ?? "", { poolMode: "statement" });
    const client = await connected(statement?.urlOf(server?.url ?? ""));
    await expect(client.query("begin")).rejects.toThrow("transaction blocks not allowed");
    await statement?.close();
    await statement?.close();
  });
});
