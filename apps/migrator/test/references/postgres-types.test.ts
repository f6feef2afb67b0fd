import { requirePostgres } from "@bucketferry/local-servers";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { postgresApp, type AppDatabase } from "./engines.ts";
import { AUDIO, NEW_AUDIO, never, opened, type Opened } from "./harness.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

/** Type of the column, its value as SQL, and where the URL stands in it. `$` is the URL. */
const COLUMNS: readonly (readonly [type: string, value: string, path?: string])[] = [
  ["text", "'see $ there'"],
  ["varchar(200)", "'$'"],
  ["char(200)", "'$'"],
  ["citext", "'$'"],
  ["json", `'{"z": 1.50,  "a" : "$", "a": 1e400}'`, "$.a"],
  ["jsonb", `'{"n": 12345678901234567890.1000, "a": ["$"]}'`, "$.a[0]"],
  ["text[]", `array['x', '$', null, 'with "quotes", and \\back']`, "[2]"],
  ["text[]", `'[5:6]={"$",NULL}'`, "[5]"],
  ["text[]", `array[['$', 'b'], ['NULL', '{}']]`, "[1][1]"],
  ["varchar(300)[]", `array['$']`, "[1]"],
  ["citext[]", `array['$', '']`, "[1]"],
  ["char(120)[]", `array['$']`, "[1]"],
  ["json[]", `array['{"u":"$"}'::json]`, "[1]$.u"],
  ["jsonb[]", `array['{"u":"$"}'::jsonb, null]`, "[1]$.u"],
  ["hstore", `hstore(array['cover', '$', 'n', null, 'q"', 'a\\b"c'])`, '["cover"]'],
  ["xml", `'<a href="$">&amp;</a>'::xml`],
  ["url", "'$'"],
  ["urls", "array['$']", "[1]"],
  ["url[]", "array['$'::url]", "[1]"],
  ["link", `row('a "title", (b)', '$', 7, array['x,y', '$'])`, ".href"],
  ["link[]", `array[row('t', '$', 7, null)::link]`, "[1].href"],
];

describe.skipIf(server === undefined)("D10 every type of column of Postgres that can hold a URL", () => {
  let app: AppDatabase;
  let rewriter: Opened;
  beforeEach(async () => {
    app = await postgresApp(server?.url ?? "");
    for (const extension of ["citext", "hstore"]) await app.run(`create extension ${extension}`);
    await app.run("create domain url as text check (value like 'http%')");
    await app.run("create domain urls as text[]");
    await app.run("create type link as (title text, href varchar(400), size int, others text[])");
    const columns = COLUMNS.map(([type], index) => `c${index} ${type}`);
    await app.run(`create table everything (id int primary key, ${columns.join(", ")})`);
    rewriter = await opened(app);
  });
  afterEach(async () => {
    await rewriter.close();
    await app.close();
  });

  async function insert(id: number, url: string): Promise<void> {
    const values = COLUMNS.map(([, value]) => value.replaceAll("$", () => url).replaceAll("{}$", "{}"));
    await app.run(`insert into everything values (${id}, ${values.join(", ")})`);
  }
  async function texts(id: number): Promise<Record<string, unknown>> {
    const columns = COLUMNS.map((_column, index) => `c${index}::text`);
    const [row] = await app.rows(`select ${columns.join(", ")} from everything where id = ${id}`);
    return row ?? {};
  }

  test("each is rewritten to what writing the new URL there would give, and comes back byte for byte", async () => {
    const url = (key: string): string => `${AUDIO}/${key}.m4a`;
    await insert(1, url("a"));
    await insert(2, `${NEW_AUDIO}/a.m4a`);
    await app.run("insert into everything (id) values (3)");
    const before = await texts(1);
    const summary = await rewriter.rewrite();
    expect(summary).toMatchObject({ cellsRewritten: COLUMNS.length, failed: 0, kept: {} });
    expect(await texts(1)).toEqual(await texts(2));
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 0 });
    expect(await rewriter.rollback()).toMatchObject({ restored: COLUMNS.length, editedSince: 0, failed: 0 });
    expect(await texts(1)).toEqual(before);
  });

  test("scan names the place inside of each value", async () => {
    await insert(1, `${AUDIO}/a.m4a`);
    const { columns } = await rewriter.references.scan({ signal: never, onEvent: () => {} });
    const paths = new Map(columns.map(({ column, byPath }) => [column, Object.keys(byPath)]));
    for (const [index, [, , path]] of COLUMNS.entries()) {
      // A plain text has no place inside; JSON has others besides: the digits of an index are left out.
      const expected = path === undefined ? [] : [path.replaceAll(/\[\d+\]/g, "[*]")];
      expect(paths.get(`c${index}`)).toEqual(expect.arrayContaining(expected));
      expect(paths.get(`c${index}`)?.length === 0).toBe(path === undefined);
    }
  });

  test("the names in an hstore are what the app looks up: they stay, and are reported", async () => {
    await app.run(`create table settings (id int primary key, h hstore)`);
    await app.run(`insert into settings values (1, hstore('${AUDIO}/a.m4a', '${AUDIO}/b.m4a'))`);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 1, kept: { "not-rewritable": 1 } });
    expect(await app.rows("select h::text from settings")).toEqual([{ h: `"${AUDIO}/a.m4a"=>"${NEW_AUDIO}/b.m4a"` }]);
  });

  test("bytes, enums and search indexes are left alone, and counted where they hold something", async () => {
    await app.run(`create type kind as enum ('${AUDIO.slice(0, 55)}', 'b')`);
    await app.run(`create table others (id int primary key, b bytea, v tsvector, e kind, n int)`);
    await app.run(
      `insert into others values (1, convert_to('${AUDIO}/a.m4a', 'UTF8'), to_tsvector('simple', '${AUDIO}/a.m4a'), '${AUDIO.slice(0, 55)}', 1)`,
    );
    await app.run(`insert into others values (2, '\\x00', '', 'b', 2)`);
    await rewriter.references.scan({ signal: never, onEvent: (event) => void rewriter.events.push(event) });
    const skipped = rewriter.events.filter((event) => event.type === "reference-skipped");
    expect(skipped).toMatchObject([
      { table: "public.others", column: "b", rows: 1 },
      { table: "public.others", column: "v", rows: 1 },
      { table: "public.others", column: "e", rows: 1 },
    ]);
    expect(await rewriter.rewrite()).toMatchObject({ cellsRewritten: 0 });
  });

  test("D7 a text that is too long for varchar(n) or char(n) is refused, and never cut", async () => {
    await app.run("create table narrow (id int primary key, v varchar(66), c char(66), a varchar(66)[])");
    const key = "x".repeat(66 - `${AUDIO}/`.length);
    const old = `${AUDIO}/${key}`;
    await app.run(`insert into narrow values (1, '${old}', '${old}', array['${old}'])`);
    const longer = await opened(app);
    // A target whose URLs are longer: the key grows.
    const states: Parameters<Opened["rewrite"]>[0] = {
      states: async (_route, keys) =>
        new Map(keys.map((one) => [one, { state: "verified", targetKey: `${"y".repeat(60)}/${one}` }])),
    };
    expect(await longer.rewrite(states)).toMatchObject({ cellsRewritten: 0, failed: 3, kept: { "does-not-fit": 3 } });
    expect(await app.rows("select v, c, a from narrow")).toEqual([{ v: old, c: old, a: [old] }]);
    await longer.close();
  });

  test("a collation that holds different texts for equal cannot make an edit disappear", async () => {
    await app.run("create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    await app.run("create table loose (id int primary key, u text collate ci, c citext)");
    await app.run(`insert into loose values (1, '${AUDIO}/a.m4a', '${AUDIO}/a.m4a')`);
    let edited = false;
    const summary = await rewriter.rewrite({
      states: async (_route, keys) => {
        if (!edited) await app.run(`update loose set u = 'HTTPS' || substr(u, 6), c = 'HTTPS' || substr(c, 6)`);
        edited = true;
        return new Map(keys.map((key) => [key, { state: "verified", targetKey: key }]));
      },
    });
    // Read again, and rewritten from what the app wrote.
    expect(summary).toMatchObject({ cellsRewritten: 2 });
    expect(await rewriter.rollback()).toMatchObject({ restored: 2 });
    expect(await app.rows("select u, c from loose")).toEqual([
      { u: `HTTPS${AUDIO.slice(5)}/a.m4a`, c: `HTTPS${AUDIO.slice(5)}/a.m4a` },
    ]);
  });
});
