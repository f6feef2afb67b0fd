import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { requireEngine } from "../engines/require-engine.ts";
import { findPostgresBinaries } from "./find-binaries.ts";
import { postgres, POSTGRES_HINT, type PostgresServer } from "./postgres.ts";

// The programs themselves, also where the environment names another server for the other tests.
const binaries = requireEngine("PostgreSQL", findPostgresBinaries(), POSTGRES_HINT);

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  // The server ends connections when it stops.
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe.skipIf(binaries === undefined)("a PostgreSQL for tests", () => {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await postgres({ binaries });
  });
  afterAll(() => server?.close());

  it("answers, on the loopback interface only", async () => {
    const [row] = await query(server?.url ?? "", "show listen_addresses");
    expect(row).toEqual({ listen_addresses: "127.0.0.1" });
  });

  it("wants its password", async () => {
    const url = new URL(server?.url ?? "");
    url.password = "wrong";
    await expect(query(url.href, "select 1")).rejects.toThrow("password authentication failed");
  });

  it("gives databases that know nothing of each other", async () => {
    const [one = "", two = ""] = [await server?.createDatabase(), await server?.createDatabase()];
    await query(one, "create table t (x int)");
    await expect(query(two, "select * from t")).rejects.toThrow('relation "t" does not exist');
  });
});

describe.skipIf(binaries === undefined)("a server that the environment names", () => {
  it("is used as it is, and what was made on it is dropped at the end", async () => {
    const running = await postgres({ binaries });
    vi.stubEnv("BUCKETFERRY_TEST_POSTGRES_URL", running?.url ?? "");
    const named = await postgres();
    expect(named?.url).toBe(running?.url);
    const database = (await named?.createDatabase()) ?? "";
    expect(await query(database, "select 1 as one")).toEqual([{ one: 1 }]);
    await named?.close();
    vi.unstubAllEnvs();
    await expect(query(database, "select 1")).rejects.toThrow("does not exist");
    expect(await query(running?.url ?? "", "select 1 as one")).toEqual([{ one: 1 }]);
    await running?.close();
  });
});

describe.skipIf(binaries === undefined)("the life of a cluster", () => {
  it("keeps what is in a directory, and takes it up again", async () => {
    const directory = mkdtempSync(join(tmpdir(), "postgres-kept-"));
    try {
      const first = await postgres({ binaries, directory });
      await query(first?.url ?? "", "create table kept (x int)");
      await first?.close();
      const second = await postgres({ binaries, directory });
      expect(await query(second?.url ?? "", "select * from kept")).toEqual([]);
      await second?.close();
      await second?.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("ends with the process that started it, even when that is killed, and leaves nothing behind", async () => {
    // A folder of its own: in the usual one, other test files make clusters at the same time.
    const folder = mkdtempSync(join(tmpdir(), "postgres-killed-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o777);
    const source = `
      import { postgres } from ${JSON.stringify(new URL("./postgres.ts", import.meta.url).href)};
      const server = await postgres({ binaries: ${JSON.stringify(binaries)} });
      console.log(server.url);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = await new Promise<string>((resolve) => {
      child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    });
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    const clusters = (): number => readdirSync(folder).filter((name) => name.startsWith("local-postgres-")).length;
    expect(clusters()).toBe(1);
    child.kill("SIGKILL");
    await expect.poll(clusters).toBe(0);
    await expect(query(url, "select 1")).rejects.toThrow("ECONNREFUSED");
  });

  it("says why it did not start", async () => {
    const { stdout } = await promisify(execFile)("mktemp", ["-d"]);
    const directory = stdout.trim();
    try {
      const first = await postgres({ binaries, directory });
      await expect(postgres({ binaries, directory })).rejects.toThrow(/PostgreSQL did not start: .*lock file/s);
      await first?.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
