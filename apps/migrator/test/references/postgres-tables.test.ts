import { requirePostgres } from "@bucketferry/local-servers";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LookUpStates } from "../../src/references/contract.ts";
import { postgresApp, type AppDatabase } from "./engines.ts";
import { AUDIO, NEW_AUDIO, never, opened, verified, type Opened } from "./harness.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

describe.skipIf(server === undefined)("tables and rules of Postgres", () => {
  let app: AppDatabase;
  let rewriter: Opened;
  beforeEach(async () => {
    app = await postgresApp(server?.url ?? "");
    rewriter = await opened(app);
  });
  afterEach(async () => {
    await rewriter.close();
    await app.close();
  });
  const findings = async () => (await rewriter.references.describe({ signal: never })).findings;
  const url = (key: number | string): string => `${AUDIO}/${key}.m4a`;
  const urlOf = (): string => (app.location.kind === "postgres" ? app.location.url : "");

  test("D8 partitions are read once each, written through the whole table, and counted as one", async () => {
    await app.run("create table events (id int, day int, u text, primary key (day, id)) partition by range (day)");
    for (const day of [1, 2, 3]) {
      await app.run(`create table events_${day} partition of events for values from (${day}) to (${day + 1})`);
      await app.run(`insert into events select i, ${day}, '${AUDIO}/' || i || '.m4a' from generate_series(1, 20) i`);
    }
    const { tables, references } = await rewriter.references.scan({ signal: never, onEvent: () => {} });
    expect({ tables, references }).toEqual({ tables: 1, references: 60 });
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 60 });
    // A row that moves to another partition is found there.
    await app.run("update events set day = 3, id = 100 where day = 1 and id = 1");
    await app.run("update events set day = 1, id = 1 where day = 3 and id = 100");
    expect(await rewriter.rollback()).toMatchObject({ restored: 60, missing: 0 });
  });

  test("D8 a table that others inherit from gives its own rows only, and they theirs", async () => {
    await app.run("create table parents (id int primary key, u text)");
    await app.run("create table children (extra text) inherits (parents)");
    await app.run(`insert into parents values (1, '${url(1)}')`);
    await app.run(`insert into children values (1, '${url(2)}', '${url(3)}')`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 3 });
    expect(await app.rows("select u from only parents")).toEqual([{ u: `${NEW_AUDIO}/1.m4a` }]);
    expect(await rewriter.rollback()).toMatchObject({ restored: 3 });
  });

  test("D8 without a primary key a unique index of columns that are never null will do, else the row's address", async () => {
    await app.run("create table by_index (a int not null, b text not null, u text, unique (b, a))");
    await app.run("create table by_address (u text, v text)");
    await app.run("create table may_be_null (a int unique, u text)");
    await app.run(`insert into by_index values (1, 'x', '${url(1)}')`);
    await app.run(`insert into by_address values ('${url(1)}', '${url(2)}'), ('${url(1)}', 'same')`);
    await app.run(`insert into may_be_null values (null, '${url(1)}')`);
    const keys = new Map<string, string[]>();
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 5 });
    for (const event of rewriter.events) {
      if (event.type === "cell-rewritten") keys.set(event.table, Object.keys(event.primaryKey));
    }
    expect(Object.fromEntries(keys)).toEqual({
      "public.by_index": ["b", "a"],
      "public.by_address": ["ctid"],
      "public.may_be_null": ["ctid"],
    });
    expect(await rewriter.rollback()).toMatchObject({ restored: 5, missing: 0, editedSince: 0 });
    expect(await app.rows("select u, v from by_address order by v")).toEqual([
      { u: url(1), v: url(2) },
      { u: url(1), v: "same" },
    ]);
  });

  test("D8 a URL that is part of the key is rewritten, and everything finds its row again", async () => {
    await app.run("create table files (u text primary key, cover text)");
    await app.run("create table uses (id int primary key, u text references files on update cascade)");
    await app.run(`insert into files values ('${url(1)}', '${url(2)}')`);
    await app.run(`insert into uses values (1, '${url(1)}')`);
    await rewriter.rewrite();
    expect(await app.rows("select f.u, cover from files f join uses using (u)")).toEqual([
      { u: `${NEW_AUDIO}/1.m4a`, cover: `${NEW_AUDIO}/2.m4a` },
    ]);
    expect(await rewriter.rollback()).toMatchObject({ missing: 0, failed: 0 });
    expect(await app.rows("select f.u, cover from files f join uses using (u)")).toEqual([
      { u: url(1), cover: url(2) },
    ]);
  });

  test("D8 generated columns, views, foreign tables are left alone and said; a materialised view is to be refreshed", async () => {
    await app.run(
      "create table t (id int generated always as identity primary key, u text, l text generated always as (lower(u)) stored)",
    );
    await app.run("create view v as select u from t");
    await app.run("create materialized view m as select u from t");
    await app.run("create extension postgres_fdw");
    await app.run("create server far foreign data wrapper postgres_fdw options (host '127.0.0.1')");
    await app.run("create foreign table f (u text) server far");
    await app.run(`insert into t (u) values ('${url(1)}')`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1 });
    expect(await app.rows("select l from t")).toEqual([{ l: `${NEW_AUDIO}/1.m4a` }]);
    const skipped = rewriter.events.flatMap((event) =>
      event.type === "reference-skipped" ? [`${event.table}.${event.column ?? ""} ${event.reason.split(":")[0]}`] : [],
    );
    expect(skipped).toEqual(
      expect.arrayContaining([
        "public.f. a foreign table",
        "public.m. a materialised view",
        "public.t.l a generated column",
        "public.v. a view",
      ]),
    );
    expect(await findings()).toContainEqual(
      expect.objectContaining({
        id: "materialised-view",
        fix: expect.stringContaining("REFRESH MATERIALIZED VIEW public.m") as unknown,
      }),
    );
  });

  test("D19 schemas of the platform, records of the past and tables of ours are left out unless they are named", async () => {
    for (const schema of ["storage", "auth"]) await app.run(`create schema ${schema}`);
    for (const table of ["storage.objects", "auth.users", "audit_log", "change_logs", "schema_migrations", "blog"]) {
      await app.run(`create table ${table} (id int primary key, u text)`);
      await app.run(`insert into ${table} values (1, '${url(1)}')`);
    }
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1 });
    expect(await app.rows("select u from blog")).toEqual([{ u: `${NEW_AUDIO}/1.m4a` }]);
    const named = await opened(app, { include: ["audit_log.u"] });
    expect(await named.rewrite()).toMatchObject({ cellsRewritten: 1 });
    await named.close();
  });

  test("D8 names with capitals, dots, quotes, blanks and reserved words, and composite keys", async () => {
    await app.run(`create schema "My.Schema"`);
    await app.run("create schema pgames");
    await app.run("create table pgames.bucketferryx (id int primary key, u text)");
    await app.run(`insert into pgames.bucketferryx values (1, '${url(3)}')`);
    await app.run(
      `create table "My.Schema"."Order ""1""" ("select" int, "Key.Two" timestamptz, "from" text, primary key ("Key.Two", "select"))`,
    );
    await app.run(
      `insert into "My.Schema"."Order ""1""" values (1, '2024-01-02 03:04:05.678901+00', '${url(1)}'), (2, 'infinity', '${url(2)}')`,
    );
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 3 });
    expect(await rewriter.rollback()).toMatchObject({ restored: 3 });
  });

  test("D4 triggers and policies are told before, and triggers are suppressed only when somebody says so", async () => {
    await app.run("create table t (id int primary key, u text, updated_at timestamptz default 'epoch')");
    await app.run(
      "create function touch() returns trigger language plpgsql as $$ begin new.updated_at = now(); return new; end $$",
    );
    await app.run("create trigger set_updated_at before update on t for each row execute function touch()");
    await app.run("alter table t enable row level security");
    await app.run("create policy own on t using (id > 0)");
    await app.run(`insert into t values (1, '${url(1)}'), (2, '${url(2)}')`);
    const found = await findings();
    expect(found).toContainEqual(
      expect.objectContaining({
        id: "trigger",
        level: "warning",
        message: expect.stringMatching(/set_updated_at on public\.t will run.*time of change/) as unknown,
      }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ id: "policy", message: expect.stringContaining("own") as unknown }),
    );
    expect(await rewriter.rewrite({ limit: 1 })).toMatchObject({ cellsRewritten: 1 });
    expect(await app.rows("select count(*)::int as n from t where updated_at > 'epoch'")).toEqual([{ n: 1 }]);

    const quiet = await opened(app, { limits: { suppressTriggers: true } });
    expect(await quiet.rewrite()).toMatchObject({ cellsRewritten: 1 });
    expect(await app.rows("select count(*)::int as n from t where updated_at > 'epoch'")).toEqual([{ n: 1 }]);
    await quiet.close();
  });

  test("D4 a trigger that changes what is written is journalled as it stands, so that rollback finds it", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(
      "create function mark() returns trigger language plpgsql as $$ begin new.u = new.u || '#seen'; return new; end $$",
    );
    await app.run(`insert into t values (1, '${url(1)}')`);
    await app.run("create trigger mark before update on t for each row execute function mark()");
    await rewriter.rewrite();
    expect(await app.rows("select u from t")).toEqual([{ u: `${NEW_AUDIO}/1.m4a#seen` }]);
    expect(await rewriter.rollback()).toMatchObject({ restored: 1, editedSince: 0 });
  });

  test("D4 a role that row-level security hides rows from is told so, and one without the right to suppress triggers too", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run("alter table t enable row level security");
    const role = `limited_${process.pid}_${Date.now()}`;
    await app.run(`create role ${role} login password 'limited'`);
    await app.run(`grant select on t to ${role}`);
    const own = new URL(urlOf());
    own.username = role;
    own.password = "limited";
    const limited = await opened(
      { location: { kind: "postgres", url: own.href } },
      { limits: { suppressTriggers: true } },
    );
    const { findings: found } = await limited.references.describe({ signal: never });
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: "row-security", level: "error" }),
        expect.objectContaining({ id: "permission", level: "error", message: "No permission to update public.t." }),
        expect.objectContaining({ id: "suppress-triggers", level: "error" }),
      ]),
    );
    await limited.close();
    await app.run(`drop owned by ${role}`);
    await app.run(`drop role ${role}`);
  });

  test("D7 a row that a unique index, a check or a trigger refuses stays alone; the others of its batch are written", async () => {
    await app.run("create table t (id int primary key, u text unique check (u not like '%cdn%/7.m4a'))");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a' from generate_series(1, 30) i`);
    await app.run(`insert into t values (100, '${NEW_AUDIO}/9.m4a')`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 28, failed: 2, kept: { "does-not-fit": 2 } });
    const failed = rewriter.events.flatMap((event) => (event.type === "cell-failed" ? [event.primaryKey["id"]] : []));
    expect(failed).toEqual([7, 9]);
  });

  test("D3 a row that somebody keeps locked is waited for, left, and reported; the others are written", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a' from generate_series(1, 8) i`);
    const quick = await opened(app, { limits: { lockTimeoutMs: 50 } });
    const other = new pg.Client({ connectionString: urlOf() });
    await other.connect();
    await other.query("begin");
    await other.query("select from t where id = 5 for update");
    expect(await quick.rewrite()).toMatchObject({ cellsRewritten: 7, failed: 1, kept: { locked: 1 } });
    await other.query("rollback");
    expect(await quick.rewrite()).toMatchObject({ cellsRewritten: 1, failed: 0 });
    await other.end();
    await quick.close();
  });

  test("D3 nothing is locked between a read and its write: an ALTER TABLE of the app goes through", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a' from generate_series(1, 1200) i`);
    await app.run("set lock_timeout = '20s'");
    let altered = 0;
    const altering: LookUpStates = async (route, keys) => {
      altered += 1;
      await app.run(`alter table t add column c${altered} int default 1`);
      return verified(route, keys);
    };
    expect(await rewriter.rewrite({ states: altering })).toMatchObject({ cellsRewritten: 1200, failed: 0 });
    expect(altered).toBeGreaterThan(1);
  });

  test("a table that the app drops while it is read ends the run with what to do, and a new run goes on", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a' from generate_series(1, 1200) i`);
    await app.run("create table z (id int primary key, u text)");
    await app.run(`insert into z values (1, '${AUDIO}/1.m4a')`);
    const dropping: LookUpStates = async (route, keys) => {
      await app.run("drop table if exists t");
      return verified(route, keys);
    };
    await expect(rewriter.rewrite({ states: dropping })).rejects.toThrow("was dropped or renamed meanwhile");
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1, failed: 0 });
  });

  test("what other schemas in front of the search_path call like functions and operators of the system is not run", async () => {
    await app.run("create schema odd");
    const shadows = [
      "odd.strpos(text, text) returns int",
      "odd.octet_length(text) returns int",
      "odd.age(xid) returns int",
      "odd.format_type(oid, int) returns int",
      "odd.hashtext(text) returns int",
      "odd.string_agg(text, text) returns int",
      "odd.json_build_object(text, int, text, json) returns int",
      "odd.to_json(text) returns int",
      "odd.unnest(text[]) returns int",
      "odd.same(text, text) returns boolean",
      "odd.larger(int, int) returns boolean",
    ];
    for (const shadow of shadows) {
      const result = shadow.endsWith("boolean") ? "true" : "0";
      await app.run(`create function ${shadow} immutable language sql as 'select ${result}'`);
    }
    await app.run("create operator odd.= (function = odd.same, leftarg = text, rightarg = text)");
    await app.run("create operator odd.<> (function = odd.same, leftarg = text, rightarg = text)");
    await app.run("create operator odd.> (function = odd.larger, leftarg = int, rightarg = int)");
    await app.run("create table t (id int primary key, u text, a text[])");
    await app.run("create table k (u text primary key)");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a', array['x'] from generate_series(1, 5) i`);
    await app.run(`insert into k values ('${url("k")}'), ('none of ours')`);
    const name = new URL(urlOf()).pathname.slice(1);
    await app.run(`alter database ${name} set search_path = public, odd, pg_catalog`);
    const run = await opened(app);
    const states: LookUpStates = async (route, keys) => {
      // Between the read and the write: what compares the old text has to see that it is another one.
      await app.run(`update t set u = 'edited' where id = 3 and u <> 'edited'`);
      return verified(route, keys);
    };
    expect(await run.references.scan({ signal: never, onEvent: () => {} })).toMatchObject({ references: 6 });
    expect(await run.rewrite({ states })).toMatchObject({ cellsRewritten: 5, failed: 0 });
    expect(await app.rows("select u from t where id = 3")).toEqual([{ u: "edited" }]);
    expect(await app.rows("select u from k order by u")).toEqual([{ u: `${NEW_AUDIO}/k.m4a` }, { u: "none of ours" }]);
    const journal = await app.rows("select row_key from public.bucketferry_url_journal where table_name = 'k'");
    expect(journal).toEqual([{ row_key: JSON.stringify({ u: `${NEW_AUDIO}/k.m4a` }) }]);
    expect(await run.rollback()).toMatchObject({ restored: 5, editedSince: 0, missing: 0, failed: 0 });
    expect(await app.rows("select u from k order by u")).toEqual([{ u: url("k") }, { u: "none of ours" }]);
    await run.close();
  });

  test("D4 rows that row-level security lets a role read and not write stay, and are reported one by one", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run("alter table t enable row level security");
    await app.run("create policy reads on t for select using (true)");
    await app.run("create policy writes on t for update using (id <> 2)");
    await app.run("create policy keeps on t as restrictive for update using (true) with check (id <> 4)");
    await app.run(`insert into t select i, '${AUDIO}/' || i || '.m4a' from generate_series(1, 4) i`);
    const role = `writer_${process.pid}_${Date.now()}`;
    await app.run(`create role ${role} login password 'limited'`);
    await app.run(`grant select, update on t to ${role}`);
    await app.run(`grant create on schema public to ${role}`);
    const own = new URL(urlOf());
    own.username = role;
    own.password = "limited";
    const limited = await opened({ location: { kind: "postgres", url: own.href } });
    expect(await limited.rewrite()).toMatchObject({ cellsRewritten: 2, failed: 2, kept: { "row-security": 2 } });
    expect(limited.events).toContainEqual(
      expect.objectContaining({ type: "cell-failed", code: "row-security", primaryKey: { id: 2 } }),
    );
    expect(limited.events).toContainEqual(
      expect.objectContaining({ type: "cell-failed", code: "row-security", primaryKey: { id: 4 } }),
    );
    await app.run("alter policy writes on t using (id > 2)");
    await app.run("alter policy reads on t using (id > 0)");
    expect(await limited.rollback()).toMatchObject({ restored: 1, failed: 1, editedSince: 0, missing: 0 });
    expect(limited.events).toContainEqual(
      expect.objectContaining({ type: "cell-failed", code: "row-security", primaryKey: { id: 1 } }),
    );
    await app.run("alter policy reads on t using (id > 1)");
    expect(await limited.rollback()).toMatchObject({ restored: 0, failed: 1, missing: 0 });
    expect(limited.events.at(-1)).toMatchObject({ message: expect.stringContaining("hides it") as unknown });
    await limited.close();
    await app.run(`drop owned by ${role}`);
    await app.run(`drop role ${role}`);
  });

  test("D3 a lock that is given back in time costs nothing but the wait", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t values (1, '${url(1)}')`);
    const other = new pg.Client({ connectionString: urlOf() });
    await other.connect();
    await other.query("begin");
    await other.query("update t set u = u where id = 1");
    const running = rewriter.rewrite();
    await expect
      .poll(
        async () =>
          // In this database: others of the server are other tests'.
          (
            await app.rows(
              "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
          ).length,
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0);
    await other.query("commit");
    expect(await running).toMatchObject({ cellsRewritten: 1, failed: 0 });
    await other.end();
  });

  test("D21 a value beyond the size cap is reported and stays; a long one below it is read by itself", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(
      "insert into t select i, repeat('x', i * 100000) || $1 || repeat('y', 10) from generate_series(1, 3) i",
      ` ${url(1)} `,
    );
    const small = await opened(app, { limits: { maxValueBytes: 250_000 } });
    expect(await small.rewrite()).toMatchObject({ cellsRewritten: 2 });
    expect(small.events).toContainEqual(
      expect.objectContaining({ type: "cell-failed", code: "too-long", primaryKey: { id: 3 } }),
    );
    expect(await small.rollback()).toMatchObject({ restored: 2 });
    await small.close();
  });

  test("D21 cells of 50 MB are rewritten and come back, a few of them at a time", async () => {
    await app.run("create table t (id int primary key, u text)");
    // Nothing that the server would spend its time on compressing.
    await app.run(
      `insert into t select n, string_agg(encode(sha512((i * n)::text::bytea), 'base64'), '') || ' ${url(1)} '
      from generate_series(1, 2) n, generate_series(1, 570000) i group by n`,
    );
    const sums = () => app.rows("select id, octet_length(u) as bytes, md5(u) as sum from t order by id");
    const before = await sums();
    expect(before[0]?.["bytes"]).toBeGreaterThan(50e6);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 2, failed: 0 });
    expect(await app.rows(`select id from t where u like '% ${NEW_AUDIO}/1.m4a '`)).toHaveLength(2);
    // A batch is never larger than its longest text needs: each was a transaction of its own.
    expect(await app.rows("select distinct xmin::text from t")).toHaveLength(2);
    expect(await rewriter.rollback()).toMatchObject({ restored: 2, failed: 0 });
    expect(await sums()).toEqual(before);
    expect(await app.rows("select distinct xmin::text from t")).toHaveLength(2);
  }, 300_000);

  test("D7 rows that are refused no sooner than at the commit stay alone, with their journal; the others are written", async () => {
    await app.run("create table objects (path text primary key)");
    await app.run(
      `create table t (id int primary key, u text, v text references objects deferrable initially deferred,
        unique (u) deferrable initially deferred)`,
    );
    await app.run(`insert into objects select '${AUDIO}/' || i || '.m4a' from generate_series(1, 40) i`);
    await app.run(`insert into objects select '${NEW_AUDIO}/' || i || '.m4a' from generate_series(1, 39) i`);
    await app.run(
      "create function refuse() returns trigger language plpgsql as $$ begin if new.id = 17 then raise exception 'no'; end if; return null; end $$",
    );
    await app.run(
      "create constraint trigger late after update on t deferrable initially deferred for each row execute function refuse()",
    );
    await app.run(
      `insert into t select i, '${AUDIO}/' || i || '.m4a', '${AUDIO}/' || i || '.m4a' from generate_series(1, 40) i`,
    );
    await app.run(`insert into t values (100, '${NEW_AUDIO}/9.m4a', null)`);
    const only = await opened(app, { exclude: ["objects.*"] });
    // 9: the unique index, but not the foreign key of the same row; 17: both, by the trigger; 40: the foreign key.
    expect(await only.rewrite()).toMatchObject({ cellsRewritten: 76, failed: 4, kept: { "does-not-fit": 4 } });
    const failed = only.events.flatMap((event) =>
      event.type === "cell-failed" ? [`${event.column}@${String(event.primaryKey["id"])}`] : [],
    );
    expect(failed).toEqual(["u@9", "u@17", "v@17", "v@40"]);
    const journalled = await app.rows(
      `select count(*)::int as n from bucketferry_url_journal j join t on t.id::text = j.row_key::json ->> 'id'
      where j.after_text = case j.column_name when 'u' then t.u else t.v end and j.restored_at is null`,
    );
    expect(journalled).toEqual([{ n: 76 }]);
    expect(await app.rows("select count(*)::int as n from bucketferry_url_journal")).toEqual([{ n: 76 }]);
    expect(await app.rows(`select id, u, v from t where id in (9, 17, 40) order by id`)).toEqual([
      { id: 9, u: url(9), v: `${NEW_AUDIO}/9.m4a` },
      { id: 17, u: url(17), v: url(17) },
      { id: 40, u: `${NEW_AUDIO}/40.m4a`, v: url(40) },
    ]);
    await app.run("update t set u = null where id = 5");
    await app.run(`update t set u = '${url(5)}' where id = 6`);
    // The row that was edited is left, and one at which the old text is somebody else's by now cannot come back.
    expect(await only.rollback()).toMatchObject({ restored: 74, editedSince: 2, failed: 0 });
    await only.close();
  });

  test("D2 D16 D17 one object in many rows, and many in one value: each reference counts", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t values (1, '${url(1)}'), (2, '${url(1)} and ${url(2)}'), (3, '${url("unknown")}')`);
    expect(await rewriter.rewrite()).toMatchObject({
      cellsRewritten: 2,
      referencesRewritten: 3,
      kept: { "unknown-object": 1 },
    });
  });

  test("D1 a row that moves behind the reader is rewritten by a later pass", async () => {
    await app.run("create table t (id int primary key, u text, pad text)");
    await app.run(
      `insert into t select i, case when i < 3 then 'nothing' else '${AUDIO}/' || i || '.m4a' end, repeat('x', 900) from generate_series(1, 60) i`,
    );
    let edited = false;
    const summary = await rewriter.rewrite({
      states: async (route, keys) => {
        if (!edited) {
          edited = true;
          await app.run(`update t set u = '${url("late")}' where id = 1`);
          await app.run(`insert into t values (1000, '${url("new")}', '')`);
        }
        return verified(route, keys);
      },
    });
    expect(summary).toMatchObject({ cellsRewritten: 60, alreadyRewritten: 0 });
    expect(await app.rows(`select id from t where u like '${AUDIO}%'`)).toEqual([]);
  });

  test("key columns are rewritten when the key at the target is another, once, and come back", async () => {
    await app.run("create table t (id int primary key, k text, p text)");
    await app.run(
      "insert into t values (1, 'a.m4a', 'lecture-audio/b.m4a'), (2, 'unknown.m4a', null), (3, 'new/a.m4a', '')",
    );
    const keyed = await opened(app, { keyColumns: { "t.k": "audio", "public.t.p": "audio" } });
    // An object whose key is what another's becomes.
    const states: Parameters<Opened["rewrite"]>[0] = {
      states: async (_route, keys) =>
        new Map(
          keys
            .filter((key) => !key.startsWith("unknown") && !key.startsWith("lecture-audio"))
            .map((key) => [key, { state: "verified", targetKey: `new/${key}` }]),
        ),
    };
    expect(await keyed.rewrite(states)).toMatchObject({ cellsRewritten: 3, kept: { "unknown-object": 1 } });
    const rewritten = [
      { id: 1, k: "new/a.m4a", p: expect.stringMatching(/^[^/]+\/new\/b\.m4a$/) as unknown },
      { id: 2, k: "unknown.m4a", p: null },
      { id: 3, k: "new/new/a.m4a", p: "" },
    ];
    expect(await app.rows("select * from t order by id")).toEqual(rewritten);
    expect(await keyed.rewrite(states)).toMatchObject({ cellsRewritten: 0, alreadyRewritten: 3 });
    expect(await keyed.rollback()).toMatchObject({ restored: 3 });
    await keyed.close();
  });

  test("every row is read once, where those that hold something lie close together too, and by another plan", async () => {
    const rows = 5_000;
    await app.run("create table t (id uuid primary key default gen_random_uuid(), u text)");
    // Rows that hold something lie close together here and far apart there.
    await app.run(
      `insert into t (u) select case when i > ${rows} or i % 50 = 0 then '${AUDIO}/' || i || '.m4a' else 'nothing' end
      from generate_series(1, ${rows * 2}) i`,
    );
    const expected = rows + rows / 50;
    // Without scans by address each window costs a look at the whole table.
    await app.run(`alter database ${new URL(urlOf()).pathname.slice(1)} set enable_tidscan = off`);
    const otherwise = await opened(app);
    for (const run of [rewriter, otherwise]) {
      expect(await run.references.scan({ signal: never, onEvent: () => {} })).toMatchObject({ references: expected });
    }
    expect(await otherwise.rewrite()).toMatchObject({ cellsRewritten: expected, alreadyRewritten: 0, failed: 0 });
    expect(await otherwise.rollback()).toMatchObject({ restored: expected, failed: 0 });
    await otherwise.close();
  });

  test("watch tells of rows that arrive with old URLs, and how to keep them out", async () => {
    await app.run("create table t (id int primary key, u text)");
    await app.run(`insert into t values (1, '${url("before")}')`);
    const found: string[] = [];
    const stop = new AbortController();
    const looks = rewriter.references.watch({
      signal: stop.signal,
      intervalMs: 1,
      onEvent: () => {},
      onFound: ({ key }) => void found.push(key),
    });
    const seen: unknown[] = [];
    let guards: readonly string[] = [];
    for await (const look of looks) {
      seen.push(look);
      if (look.isFirst) {
        await app.run(`insert into t values (2, '${url("new")}')`);
        await app.run(`update t set u = '${url("edited")}' where id = 1`);
      } else if (found.length === 2) {
        ({ guards } = look);
        break;
      }
    }
    expect(seen[0]).toMatchObject({ isFirst: true, cells: 1, references: 1 });
    expect(guards).toEqual([
      "ALTER TABLE public.t ADD CONSTRAINT no_old_url_in_u CHECK (strpos(u, 'ref.supabase.co') = 0) NOT VALID;",
    ]);
    for (const guard of guards) await app.run(guard);
    expect(found.toSorted()).toEqual(["edited.m4a", "new.m4a"]);
    await expect(app.run(`insert into t values (3, '${url("refused")}')`)).rejects.toThrow("no_old_url_in_u");
    await app.run(`insert into t values (3, '${NEW_AUDIO}/fine.m4a')`);
  });

  test("--table rewrites and takes back one table, and a name that is none is refused", async () => {
    for (const table of ["a", "b"]) {
      await app.run(`create table ${table} (id int primary key, u text)`);
      await app.run(`insert into ${table} values (1, '${url(1)}')`);
    }
    await expect(rewriter.rewrite({ table: "nothing" })).rejects.toThrow("there is no table nothing");
    expect(await rewriter.rewrite({ table: "a" })).toMatchObject({ cellsRewritten: 1 });
    expect(await rewriter.rewrite({ table: "public.b" })).toMatchObject({ cellsRewritten: 1 });
    await expect(rewriter.rollback({ table: "nothing" })).rejects.toThrow("there is no table nothing");
    expect(await rewriter.rollback({ table: "public.a" })).toMatchObject({ restored: 1 });
    expect(await app.rows("select u from b")).toEqual([{ u: `${NEW_AUDIO}/1.m4a` }]);
  });
});
