import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sqliteApp, type AppDatabase } from "./engines.ts";
import { AUDIO, NEW_AUDIO, never, opened, type Opened } from "./harness.ts";

const url = (key: number | string): string => `${AUDIO}/${key}.m4a`;
const now = (key: number | string): string => `${NEW_AUDIO}/${key}.m4a`;

describe("tables and values of SQLite", () => {
  let app: AppDatabase;
  let rewriter: Opened;
  beforeEach(async () => {
    app = await sqliteApp();
    rewriter = await opened(app);
  });
  afterEach(async () => {
    await rewriter.close();
    await app.close();
  });

  test("D10 text is found in columns of any type, and keeps it; blobs are counted", async () => {
    await app.run("create table loose (id integer primary key, n integer, r real, anything, b blob)");
    await app.run("create table strictly (id int primary key, t text, a any, n int) strict");
    await app.run(`insert into loose values (1, '${url(1)}', '${url(2)}', '${url(3)}', cast('${url(4)}' as blob))`);
    await app.run(`insert into loose values (2, 7, 1.5, null, x'00ff')`);
    await app.run(`insert into strictly values (1, '${url(1)}', '${url(2)}', 3)`);
    await rewriter.references.scan({ signal: never, onEvent: (event) => void rewriter.events.push(event) });
    expect(rewriter.events.filter((event) => event.type === "reference-skipped")).toMatchObject([
      { table: "loose", column: "b", rows: 1 },
    ]);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 5 });
    expect(await app.rows("select n, r, anything, typeof(b) as b from loose where id = 1")).toEqual([
      { n: now(1), r: now(2), anything: now(3), b: "blob" },
    ]);
    expect(await rewriter.rollback()).toMatchObject({ restored: 5 });
  });

  test("D8 tables without rowid, with keys of several types, of bytes and of text, and without any", async () => {
    await app.run("create table without_rowid (a text, b integer, u text, primary key (a, b)) without rowid");
    await app.run("create table by_bytes (id blob primary key not null, u text)");
    await app.run("create table mixed (id not null primary key, u text)");
    await app.run("create table may_be_null (id text primary key, u text)");
    await app.run("create table no_key (rowid text, u text)");
    await app.run(`insert into without_rowid values ('x''y', 9007199254740993, '${url(1)}')`);
    await app.run(`insert into by_bytes values (x'00ff', '${url(1)}')`);
    await app.run(`insert into mixed values (7, '${url(1)}'), ('7', '${url(2)}'), (7.5, '${url(3)}')`);
    await app.run(`insert into may_be_null values (null, '${url(1)}'), (null, '${url(2)}')`);
    await app.run(`insert into no_key values ('r', '${url(1)}')`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 8, failed: 0 });
    expect(await app.rows("select cast(id as text) as id, typeof(id) as type, u from mixed order by u")).toEqual([
      { id: "7", type: "integer", u: now(1) },
      { id: "7", type: "text", u: now(2) },
      { id: "7.5", type: "real", u: now(3) },
    ]);
    expect(await rewriter.rollback()).toMatchObject({ restored: 8, missing: 0 });
  });

  test("D8 views, generated columns, virtual tables and what belongs to them are left out, and said", async () => {
    await app.run("create table t (id integer primary key, u text, g text generated always as (lower(u)) stored)");
    await app.run("create view v as select u from t");
    await app.run("create virtual table search using fts5(body)");
    await app.run(`insert into t (u) values ('${url(1)}')`);
    await app.run(`insert into search values ('${url(1)}')`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1 });
    const skipped = rewriter.events.flatMap((event) => (event.type === "reference-skipped" ? [event.table] : []));
    expect(skipped).toEqual(expect.arrayContaining(["search", "search_content", "t", "v"]));
    expect(await app.rows("select g from t")).toEqual([{ g: now(1) }]);
  });

  test("D21 what stands behind a NUL is found, and the NUL stays", async () => {
    await app.run("create table t (id integer primary key, u text)");
    await app.run("insert into t values (1, $1)", `a\0b ${url(1)} c`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1 });
    expect(await app.rows("select u from t")).toEqual([{ u: `a\0b ${now(1)} c` }]);
  });

  test("a column that holds texts of different case for equal cannot make an edit disappear", async () => {
    await app.run("create table t (id integer primary key, u text collate nocase)");
    await app.run("insert into t values (1, $1)", url("a"));
    let edited = false;
    await rewriter.rewrite({
      states: async (_route, keys) => {
        if (!edited) await app.run("update t set u = $1", `see ${url("A")}`.toUpperCase().slice(0, 3));
        edited = true;
        return new Map(keys.map((key) => [key, { state: "verified", targetKey: key }]));
      },
    });
    expect(await app.rows("select u from t")).toEqual([{ u: "SEE" }]);
  });

  test("D4 triggers are told before, and what they make of a write is journalled", async () => {
    await app.run("create table t (id integer primary key, u text, edits integer default 0)");
    await app.run(
      "create trigger counted after update of u on t begin update t set edits = edits + 1 where id = new.id; end",
    );
    await app.run("insert into t (id, u) values (1, $1)", url(1));
    const { findings } = await rewriter.references.describe({ signal: never });
    expect(findings).toContainEqual(expect.objectContaining({ id: "trigger", level: "warning" }));
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1 });
    expect(await rewriter.rollback()).toMatchObject({ restored: 1 });
    expect(await app.rows("select u, edits from t")).toEqual([{ u: url(1), edits: 2 }]);
  });

  test("watch tells what arrives between two looks", async () => {
    await app.run("create table t (id integer primary key, u text)");
    await app.run("insert into t values (1, $1)", url("before"));
    const found: string[] = [];
    const looks = rewriter.references.watch({
      signal: never,
      intervalMs: 1,
      onEvent: () => {},
      onFound: ({ key }) => void found.push(key),
    });
    for await (const { isFirst } of looks) {
      if (isFirst) await app.run("insert into t values (2, $1)", url("new"));
      else if (found.length > 0) break;
    }
    expect(found).toEqual(["new.m4a"]);
  });
});
