import { execFile } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { postgres, requirePostgres } from "@bucketferry/local-servers";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { postgresApp } from "./engines.ts";
import { AUDIO, never, opened } from "./harness.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

/** BackendKeyData: the type, its length of 12, process number, secret. */
const BACKEND_KEY = Buffer.from("4b0000000c", "hex");
/** Far above any process number. */
const POOLERS_OWN = 2_000_000_001;

interface PoolerLike {
  readonly url: string;
  /** All that clients have sent. */
  readonly sent: () => string;
  close(): Promise<void>;
}

/** As a pooler does, it answers the handshake with a process number of its own. */
async function poolerLike(to: string): Promise<PoolerLike> {
  const upstream = new URL(to);
  const sent: Buffer[] = [];
  const proxy: Server = createServer((client) => {
    const behind = connect(Number(upstream.port), upstream.hostname);
    client.on("data", (chunk) => {
      sent.push(chunk);
      behind.write(chunk);
    });
    behind.on("data", (chunk) => {
      const at = chunk.indexOf(BACKEND_KEY);
      if (at !== -1) chunk.writeUInt32BE(POOLERS_OWN, at + BACKEND_KEY.length);
      client.write(chunk);
    });
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const url = new URL(to);
  url.port = String((proxy.address() as AddressInfo).port);
  return {
    url: url.href,
    sent: () => Buffer.concat(sent).toString("latin1"),
    async close() {
      const closed = once(proxy, "close");
      proxy.close();
      await closed;
    },
  };
}

describe.skipIf(server === undefined)("the server behind database.url", () => {
  test("D6 a pooler is noticed, nothing is set that would outlive a transaction, and a rewrite works through it", async () => {
    const app = await postgresApp(server?.url ?? "");
    const pooler = await poolerLike(app.location.kind === "postgres" ? app.location.url : "");
    const direct = await opened(app);
    const through = await opened({ location: { kind: "postgres", url: pooler.url } });
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t values (1, '${AUDIO}/a.m4a')`);
    const idsOf = async (run: typeof direct): Promise<string[]> =>
      (await run.references.describe({ signal: never })).findings.map(({ id }) => id);
    expect(await idsOf(direct)).not.toContain("pooler");
    expect(await idsOf(through)).toContain("pooler");
    expect(await through.rewrite()).toMatchObject({ cellsRewritten: 1 });
    expect(await through.rollback()).toMatchObject({ restored: 1 });
    // Poolers refuse settings in the handshake, and a SET would stay on the connection for whoever gets it next.
    expect(pooler.sent().slice(0, 300)).not.toContain("timeout");
    expect(pooler.sent()).not.toMatch(/\bset\s+(?:session\s+)?(?:lock|statement)_timeout|listen |pg_advisory_lock/i);
    expect(pooler.sent()).toContain("set local lock_timeout");
    await through.close();
    await direct.close();
    await pooler.close();
    await app.close();
  });

  test("D5 a read replica is told apart, and refuses to be rewritten", async () => {
    const directory = await mkdtemp(join(tmpdir(), "bucketferry-standby-"));
    try {
      const first = await postgres({ directory });
      const app = new pg.Client({ connectionString: first?.url ?? "" });
      await app.connect();
      await app.query("create table t (id int primary key, u text)");
      await app.query(`insert into t values (1, '${AUDIO}/a.m4a')`);
      await app.end();
      await first?.close();
      await writeFile(join(directory, "data", "standby.signal"), "");
      const standby = await postgres({ directory });
      const url = new URL(standby?.url ?? "");
      const run = await opened({ location: { kind: "postgres", url: url.href } });
      const { findings } = await run.references.describe({ signal: never });
      expect(findings).toContainEqual(expect.objectContaining({ id: "replica", level: "error" }));
      await expect(run.rewrite()).rejects.toMatchObject({ code: "denied" });
      await run.close();
      await standby?.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);

  test("D3 D5 a rewrite waits while a replica does not keep up, and goes on when it does", async () => {
    const directory = await mkdtemp(join(tmpdir(), "bucketferry-replica-"));
    const [first, second] = [join(directory, "primary"), join(directory, "replica")];
    try {
      await mkdir(first);
      await chmod(directory, 0o755);
      const fresh = await postgres({ directory: first });
      await fresh?.close();
      await promisify(execFile)("cp", ["-a", first, second]);
      const primary = await postgres({ directory: first });
      const { hostname, port, username, password } = new URL(primary?.url ?? "");
      const source = `host=${hostname} port=${port} user=${username} password=${password}`;
      await appendFile(join(second, "data", "postgresql.auto.conf"), `primary_conninfo = '${source}'\n`);
      await writeFile(join(second, "data", "standby.signal"), "");
      const replica = await postgres({ directory: second });
      const standby = new pg.Client({ connectionString: replica?.url ?? "" });
      await standby.connect();
      const until = async (condition: string): Promise<void> => {
        while ((await standby.query<{ yes: boolean }>(`select ${condition} as yes`)).rows[0]?.yes !== true) {
          await sleep(20);
        }
      };
      await until("exists (select from pg_stat_wal_receiver where status = 'streaming')");
      await standby.query("select pg_wal_replay_pause()");
      await until("pg_get_wal_replay_pause_state() = 'paused'");

      const app = await postgresApp(primary?.url ?? "");
      await app.run("create table t (id int primary key, u text)");
      await app.run(`insert into t values (1, '${AUDIO}/a.m4a')`);
      await until("pg_last_wal_receive_lsn() <> pg_last_wal_replay_lsn()");
      const run = await opened(app, { limits: { replicaUrl: replica?.url ?? "" } });
      const rewriting = run.rewrite({ pace: { maxReplicaLagMs: 1 } });
      // Nothing is replayed, so the lag only grows: however slow this machine is, the rewrite cannot be over.
      expect(await Promise.race([rewriting, sleep(1_500, "waiting")])).toBe("waiting");
      expect(await app.rows("select u from t")).toEqual([{ u: `${AUDIO}/a.m4a` }]);
      await standby.query("select pg_wal_replay_resume()");
      expect(await rewriting).toMatchObject({ cellsRewritten: 1 });

      await run.close();
      await standby.end();
      await replica?.close();
      await app.close();
      await primary?.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);
});
