import { pgBouncer, requirePgBouncer, requirePostgres, type PgBouncerServer } from "@bucketferry/local-servers";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { postgresApp, type AppDatabase } from "./engines.ts";
import { AUDIO, NEW_AUDIO, never, opened, type Opened } from "./harness.ts";

const server = await requirePostgres();
/** With one connection whoever holds one while he waits for another waits for ever. */
const narrow = server && (await requirePgBouncer(server.url, { poolMode: "transaction", poolSize: 1 }));
const wide = narrow && server && (await pgBouncer(server.url, { poolMode: "transaction" }));
afterAll(async () => {
  await narrow?.close();
  await wide?.close();
  await server?.close();
});

const ROWS = 3_000;

describe.skipIf(narrow === undefined)("D6 through a pooler", () => {
  let app: AppDatabase;
  const made: { close(): Promise<unknown> }[] = [];
  const direct = (): string => (app.location.kind === "postgres" ? app.location.url : "");
  beforeEach(async () => {
    app = await postgresApp(server?.url ?? "");
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a' from generate_series(1, ${ROWS}) i`);
  });
  afterEach(async () => {
    for (const one of made.splice(0).toReversed()) await one.close();
    await app.close();
  });

  async function through(pooler: PgBouncerServer | undefined): Promise<Opened> {
    const run = await opened({ location: { kind: "postgres", url: pooler?.urlOf(direct()) ?? "" } });
    made.push(run);
    return run;
  }

  /** A client of the pooler, as the app is one. */
  async function client(pooler: PgBouncerServer | undefined, url = pooler?.urlOf(direct())): Promise<pg.Client> {
    const connection = new pg.Client({ connectionString: url });
    connection.on("error", () => {});
    await connection.connect();
    made.push({ close: () => connection.end().catch(() => undefined) });
    return connection;
  }

  const count = async (where: string): Promise<number> =>
    Number((await app.rows(`select count(*)::int as n from ${where}`))[0]?.["n"]);

  /** Each cell is in its new form and journalled once, or in its old one and not. */
  async function expectAgreement(): Promise<number> {
    const rewritten = await count(`t where u = '${NEW_AUDIO}/' || id || '.m4a'`);
    expect(await count(`t where u = '${AUDIO}/' || id || '.m4a'`)).toBe(ROWS - rewritten);
    const journalled =
      "bucketferry_url_journal j join t on j.row_key::json ->> 'id' = t.id::text and j.after_text = t.u";
    expect(await count(journalled)).toBe(rewritten);
    expect(await count("bucketferry_url_journal where restored_at is null")).toBe(rewritten);
    return rewritten;
  }

  test.each([
    ["transaction mode", () => narrow],
    ["transaction mode, with connections to spare", () => wide],
    ["session mode", () => pgBouncer(server?.url ?? "", { poolMode: "session" })],
  ] as const)("in %s everything is done that is done without it", async (name, start) => {
    const pooler = await start();
    if (pooler !== undefined && pooler !== narrow && pooler !== wide) made.push(pooler);
    const run = await through(pooler);
    // Long enough to be read by itself.
    await app.run(`update t set u = repeat('x', 100000) || ' ' || u where id = 7`);
    const { findings } = await run.references.describe({ signal: never });
    const message = expect.stringContaining(
      name.startsWith("session") ? "A pooler stands" : "transaction mode",
    ) as string;
    expect(findings).toContainEqual(expect.objectContaining({ id: "pooler", level: "warning", message }));
    const usual = { signal: never, onEvent: () => {} };
    expect(await run.references.scan(usual)).toMatchObject({ references: ROWS });
    expect(await run.rewrite()).toMatchObject({ cellsRewritten: ROWS, failed: 0 });
    expect((await Array.fromAsync(run.references.prove(usual))).filter(({ side }) => side === "source")).toEqual([]);
    const looks = run.references.watch({ ...usual, intervalMs: undefined, onFound: () => {} });
    expect(await Array.fromAsync(looks)).toMatchObject([{ references: 0 }]);
    expect(await run.rollback()).toMatchObject({ restored: ROWS, editedSince: 0, missing: 0, failed: 0 });
    expect(await run.references.scan(usual)).toMatchObject({ references: ROWS });
  });

  test("two migrators at once rewrite each cell once, and each finds what the other has done", async () => {
    const [one, other] = [await through(wide), await through(wide)];
    const [first, second] = await Promise.all([one.rewrite(), other.rewrite()]);
    expect(first.cellsRewritten + second.cellsRewritten).toBe(ROWS);
    expect(first.failed + second.failed).toBe(0);
    expect(await expectAgreement()).toBe(ROWS);
    const [back, too] = await Promise.all([one.rollback(), other.rollback()]);
    expect(back.restored + too.restored).toBe(ROWS);
    expect(back.failed + too.failed + back.editedSince + too.editedSince).toBe(0);
    expect(await expectAgreement()).toBe(0);
  });

  test("what another client has left on the connection changes neither where the journal is nor what is read and written", async () => {
    await app.run("create schema tenant");
    await app.run("create table tenant.t (id int primary key)");
    await app.run("create type place as (x float8, day date, u text)");
    await app.run("create table places (at timestamptz primary key, p place)");
    await app.run(
      `insert into places values ('2024-02-03 04:05:06.789+00', row(0.1::float8 + 0.2::float8, '2024-02-03', '${AUDIO}/1.m4a'))`,
    );
    await app.run(
      "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(2.5); return new; end $$",
    );
    await app.run(
      `create trigger slow before update on t for each row when (new.u = '${NEW_AUDIO}/7.m4a') execute function slow()`,
    );
    const leave = await client(narrow);
    const leftovers = [
      "search_path = tenant",
      "extra_float_digits = -10",
      "datestyle = 'SQL, DMY'",
      "timezone = 'Asia/Kathmandu'",
      "role = pg_monitor",
      "statement_timeout = '2s'",
    ];
    for (const setting of leftovers) await leave.query(`set ${setting}`);
    const run = await through(narrow);
    expect(await run.rewrite()).toMatchObject({ cellsRewritten: ROWS + 1, failed: 0 });
    expect(
      await app.rows(
        "select relnamespace::regnamespace::text as s from pg_class where relname = 'bucketferry_url_journal'",
      ),
    ).toEqual([{ s: "public" }]);
    expect(await app.rows("select (p).x = 0.1::float8 + 0.2::float8 as x, (p).day::text, (p).u from places")).toEqual([
      { x: true, day: "2024-02-03", u: `${NEW_AUDIO}/1.m4a` },
    ]);
    await leave.query("set datestyle = 'SQL, MDY'");
    // As the pooler gives it out, unless somebody sets it back.
    expect((await leave.query("show search_path")).rows).toEqual([{ search_path: "tenant" }]);
    expect(await run.rollback()).toMatchObject({ restored: ROWS + 1, editedSince: 0, missing: 0, failed: 0 });
    // And nothing of ours is left for the others.
    expect((await leave.query("show search_path")).rows).toEqual([{ search_path: "tenant" }]);
    expect((await leave.query("show enable_hashjoin")).rows).toEqual([{ enable_hashjoin: "on" }]);
  });

  test.each([
    ["the server ends it", async () => app.run(ENDS_OURS)],
    [
      "the pooler drops all clients of the database",
      async () => {
        const console = await client(wide, wide?.consoleUrl);
        const database = new URL(direct()).pathname.slice(1);
        await console.query(`kill ${database}`);
        await console.query(`resume ${database}`);
      },
    ],
  ] as const)(
    "a connection that is lost in the middle of a batch (%s) ends a rewrite with one error; the next run goes on",
    async (_name, drop) => {
      const run = await through(wide);
      const locking = await client(undefined, direct());
      await locking.query("begin");
      await locking.query(`select from t where id = ${ROWS / 2} for update`);
      const failure = run.rewrite().catch((error: unknown) => error);
      await expect
        .poll(() => count(`${OF_THIS_DATABASE} and wait_event_type = 'Lock'`), { timeout: 30_000 })
        .toBeGreaterThan(0);
      await drop();
      expect(await failure).toMatchObject({
        code: "unreachable",
        message: expect.stringMatching(/the connection was lost|the pooler .* ended the connection/) as unknown,
        hint: expect.stringContaining("goes on where it was") as unknown,
      });
      await locking.query("rollback");
      const done = await expectAgreement();
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThan(ROWS);
      const again = await through(wide);
      expect(await again.rewrite()).toMatchObject({ cellsRewritten: ROWS - done, failed: 0 });
      expect(await expectAgreement()).toBe(ROWS);
    },
  );

  test("a pooler without transactions is refused at once, with the way around it", async () => {
    const pooler = await pgBouncer(server?.url ?? "", { poolMode: "statement" });
    if (pooler !== undefined) made.push(pooler);
    await expect(through(pooler)).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining("pool_mode = statement") as unknown,
      hint: expect.stringContaining("port 5432") as unknown,
    });
  });

  test("a pooler that takes no settings from a URL says so, and one without a free connection does", async () => {
    const url = new URL(direct());
    url.searchParams.set("options", "-c lock_timeout=1s");
    const pooler = await pgBouncer(server?.url ?? "", { poolMode: "transaction", poolSize: 1, queryWaitTimeoutS: 1 });
    if (pooler !== undefined) made.push(pooler);
    await expect(opened({ location: { kind: "postgres", url: pooler?.urlOf(url.href) ?? "" } })).rejects.toMatchObject({
      code: "denied",
      hint: expect.stringContaining("options=") as unknown,
    });

    const run = await through(pooler);
    const busy = await client(pooler);
    await busy.query("begin");
    await expect(run.rewrite()).rejects.toMatchObject({
      code: "locked",
      hint: expect.stringContaining("pool larger") as unknown,
    });
    await busy.query("rollback");
    expect(await run.rewrite()).toMatchObject({ cellsRewritten: ROWS });
  });
});

/** Other test files may be at work in other databases of the same server. */
const OF_THIS_DATABASE = "pg_stat_activity where datname = current_database()";
const ENDS_OURS = `select pg_terminate_backend(pid) from ${OF_THIS_DATABASE} and application_name = 'bucketferry'`;
