import type { Route } from "@bucketferry/config";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type {
  LookUpStates,
  ObjectState,
  ReferenceEvent,
  References,
  RewriteTo,
} from "../../src/references/contract.ts";
import { openReferences } from "../../src/references/open-references.ts";
import type { AppDatabase } from "./engines.ts";
import { classroomRoutes, NEW, OLD } from "./routes.ts";

const AUDIO = `${OLD}/lecture-audio`;
const IMAGE = `${OLD}/images`;
const signal = new AbortController().signal;

/** Every key that a name of ours can be, and that does not say otherwise, is a verified object. */
const states: LookUpStates = async (_route, keys) =>
  new Map(
    keys
      .filter((key) => /^[\w/ ]+(?:\.\w+)?$/.test(key) && !key.startsWith("unknown"))
      .map((key): [string, ObjectState] => [
        key,
        { state: key.startsWith("copied") ? "copied" : "verified", targetKey: key },
      ]),
  );

const SCHEMA = [
  `create table lectures (id integer primary key, title text, audio_url text)`,
  `create table users (name text not null, school text not null, profile_image_url varchar(200), primary key (school, name))`,
  `create table posts (id bigint primary key, body text, doc json, data jsonb)`,
  `create table notes (body text)`,
  `create table audit_log (id integer primary key, body text)`,
  `create table numbers (id integer primary key, n integer)`,
  `create view audio_urls as select audio_url from lectures`,
];
const TABLES = ["lectures", "users", "posts", "notes", "audit_log"];

/** The rewriter's promises, on whatever database `open` gives. */
export function rewriterPromises(engine: string, open: () => Promise<AppDatabase>): void {
  describe(`references in ${engine}`, () => {
    let app: AppDatabase;
    let routes: Route[];
    let references: References;
    let events: ReferenceEvent[];
    const onEvent = (event: ReferenceEvent): void => void events.push(event);

    beforeAll(async () => {
      routes = await classroomRoutes();
    });
    afterAll(() => Promise.all(routes.map((route) => route.close())));
    beforeEach(async () => {
      events = [];
      app = await open();
      for (const statement of SCHEMA) await app.run(statement);
      references = await opened({ to: "public" });
    });
    afterEach(async () => {
      await references.close();
      await app.close();
    });

    async function opened(rewriteTo: RewriteTo, exclude: readonly string[] = ["audit_log.*"]): Promise<References> {
      return openReferences({ database: app.location, routes, rewriteTo, exclude });
    }

    async function fill(): Promise<void> {
      for (let id = 1; id <= 450; id += 1) {
        await app.run(`insert into lectures values ($1, $2, $3)`, id, `Lecture ${id}`, `${AUDIO}/l/${id}.m4a`);
      }
      await app.run(`insert into users values ('Ada', 'North', $1)`, `${IMAGE}/ada.png`);
      await app.run(`insert into users values ('Ada', 'South', $1)`, `${IMAGE}/ada%20s.png`);
      await app.run(`insert into users values ('Bob', 'North', null)`);
      await app.run(
        `insert into posts values (9007199254740993, $1, $2, $3)`,
        `# Hi\n![a](${IMAGE}/a.png) and ${AUDIO}/x.m4a.`,
        `{"z":1.50, "cover":{"url":"${IMAGE.replaceAll("/", "\\/")}\\/c.png"} }`,
        JSON.stringify({ files: [`${AUDIO}/f.m4a`], n: 1 }),
      );
      await app.run(`insert into notes values ($1)`, `see ${AUDIO}/note.m4a`);
      await app.run(`insert into notes values ('nothing here')`);
      await app.run(`insert into audit_log values (1, $1)`, `uploaded ${AUDIO}/x.m4a`);
    }

    async function dump(): Promise<string> {
      const tables: string[] = [];
      for (const table of TABLES) {
        const rows = (await app.rows(`select * from ${table}`)).map((row) => JSON.stringify(row));
        tables.push(`${table}\n${rows.toSorted((a, b) => (a < b ? -1 : 1)).join("\n")}`);
      }
      return tables.join("\n");
    }

    test("a dry run says what it would do and changes nothing", async () => {
      await fill();
      const before = await dump();
      const summary = await references.rewrite({ apply: false, states, signal, onEvent });
      expect(summary).toMatchObject({
        applied: false,
        cellsRewritten: 456,
        referencesRewritten: 457,
        failed: 0,
        kept: {},
      });
      expect(await dump()).toBe(before);
      expect(events.filter((event) => event.type === "cell-rewritten")).toHaveLength(456);
    });

    test("every reference is rewritten, nothing else changes, and rollback restores every row exactly (D9, D17, D18, D22)", async () => {
      await fill();
      const before = await dump();
      const summary = await references.rewrite({ apply: true, states, signal, onEvent });
      expect(summary).toMatchObject({
        applied: true,
        cellsRewritten: 456,
        referencesRewritten: 457,
        failed: 0,
        kept: {},
      });
      const after = await dump();
      const [text, log] = [after.slice(0, after.indexOf("audit_log\n")), after.slice(after.indexOf("audit_log\n"))];
      expect(text).not.toContain("supabase.co");
      expect(log).toContain(`uploaded ${AUDIO}/x.m4a`);
      const [post] = await app.rows(`select body, cast(doc as text) as doc from posts`);
      expect(post).toEqual({
        body: `# Hi\n![a](${NEW}/images/a.png) and ${NEW}/audio/x.m4a.`,
        doc: `{"z":1.50, "cover":{"url":"${NEW.replaceAll("/", "\\/")}\\/images\\/c.png"} }`,
      });

      expect(await references.rewrite({ apply: true, states, signal, onEvent })).toMatchObject({
        cellsRewritten: 0,
        alreadyRewritten: 457,
      });

      const foreseen = await references.rollback({ apply: false, signal, onEvent });
      expect(foreseen).toMatchObject({ applied: false, restored: 456, editedSince: 0 });
      expect(await dump()).toBe(after);
      expect(await references.rollback({ apply: true, signal, onEvent })).toMatchObject({
        restored: 456,
        editedSince: 0,
        missing: 0,
        failed: 0,
      });
      expect(await dump()).toBe(before);
      expect(await references.rollback({ apply: true, signal, onEvent })).toMatchObject({ restored: 0 });

      // And forward again.
      expect(await references.rewrite({ apply: true, states, signal, onEvent })).toMatchObject({ cellsRewritten: 456 });
      expect(await dump()).toBe(after);
    });

    test("only references to verified objects are rewritten; the others are reported with their reason (D16)", async () => {
      await app.run(`insert into lectures values (1, 'a', $1)`, `${AUDIO}/unknown.m4a`);
      await app.run(`insert into lectures values (2, 'b', $1)`, `${AUDIO}/copied.m4a`);
      await app.run(`insert into lectures values (3, 'c', $1)`, `${AUDIO}/copied.m4a ${AUDIO}/fine.m4a`);
      const summary = await references.rewrite({ apply: true, states, signal, onEvent });
      expect(summary.kept).toEqual({ "unknown-object": 1, "not-verified": 2 });
      expect(await app.rows(`select audio_url from lectures order by id`)).toEqual([
        { audio_url: `${AUDIO}/unknown.m4a` },
        { audio_url: `${AUDIO}/copied.m4a` },
        { audio_url: `${AUDIO}/copied.m4a ${NEW}/audio/fine.m4a` },
      ]);
      expect(events).toContainEqual({
        type: "reference-kept",
        table: app.label("lectures"),
        column: "audio_url",
        primaryKey: { id: 1 },
        path: undefined,
        text: `${AUDIO}/unknown.m4a`,
        route: "audio",
        key: "unknown.m4a",
        reason: "unknown-object",
      });
    });

    test("D12 D16 D19 what is not verified, ambiguous or another project's stays, each reported once with its reason", async () => {
      const rows: readonly (readonly [text: string, reason: string])[] = [
        [`${AUDIO}/copied.m4a`, "not-verified"],
        [`${AUDIO}/two?readings`, "ambiguous"],
        ["https://other.supabase.co/storage/v1/object/public/lecture-audio/a.m4a", "other-project"],
        ["https://files.other.example/storage/v1/object/public/lecture-audio/a.m4a", "other-project"],
        ["http://localhost:54321/storage/v1/object/public/lecture-audio/a.m4a", "other-project"],
        [`${OLD}/lecture-audio-2/a.m4a`, "other-bucket"],
      ];
      for (const [index, [text]] of rows.entries()) {
        await app.run(`insert into lectures values (${index + 1}, 'x', $1)`, text);
      }
      const both: LookUpStates = async (route, keys) =>
        new Map([
          ...(await states(route, keys)),
          ...keys
            .filter((key) => key.startsWith("two"))
            .map((key): [string, ObjectState] => [key, { state: "verified", targetKey: key }]),
        ]);
      const summary = await references.rewrite({ apply: true, states: both, signal, onEvent });
      expect(summary).toMatchObject({
        cellsRewritten: 0,
        kept: { "not-verified": 1, ambiguous: 1, "other-project": 3, "other-bucket": 1 },
      });
      expect(await app.rows(`select audio_url from lectures order by id`)).toEqual(
        rows.map(([text]) => ({ audio_url: text })),
      );
      const told = events
        .filter((event) => event.type === "reference-kept")
        .map(({ text, reason, primaryKey }) => [primaryKey["id"], text, reason]);
      expect(told).toEqual(rows.map(([text, reason], index) => [index + 1, text, reason]));
      const { columns } = await references.scan({ signal, onEvent });
      expect(columns).toMatchObject([{ column: "audio_url", references: 2, foreign: 4, unsure: 1 }]);
    });

    test("D1: a row that the app edits while it is being rewritten keeps the edit", async () => {
      await app.run(`insert into lectures values (1, 'a', $1)`, `${AUDIO}/a.m4a`);
      await app.run(`insert into lectures values (2, 'b', $1)`, `${AUDIO}/b.m4a`);
      await app.run(`insert into lectures values (3, 'c', $1)`, `${AUDIO}/c.m4a`);
      let edited = false;
      const editing: LookUpStates = async (route, keys) => {
        if (!edited) {
          edited = true;
          await app.run(`update lectures set audio_url = $1 where id = 1`, `${AUDIO}/other.m4a`);
          await app.run(`update lectures set audio_url = 'gone' where id = 2`);
          await app.run(`delete from lectures where id = 3`);
        }
        return states(route, keys);
      };
      const summary = await references.rewrite({ apply: true, states: editing, signal, onEvent });
      expect(summary).toMatchObject({ cellsRewritten: 1, failed: 0 });
      expect(await app.rows(`select id, audio_url from lectures order by id`)).toEqual([
        { id: 1, audio_url: `${NEW}/audio/other.m4a` },
        { id: 2, audio_url: "gone" },
      ]);
    });

    test("D22: rollback leaves a cell that was edited since, and says so", async () => {
      await app.run(`insert into lectures values (1, 'a', $1)`, `${AUDIO}/a.m4a`);
      await app.run(`insert into lectures values (2, 'b', $1)`, `${AUDIO}/b.m4a`);
      await app.run(`insert into lectures values (3, 'c', $1)`, `${AUDIO}/c.m4a`);
      await references.rewrite({ apply: true, states, signal, onEvent });
      await app.run(`update lectures set audio_url = 'mine' where id = 1`);
      await app.run(`delete from lectures where id = 2`);
      const summary = await references.rollback({ apply: true, signal, onEvent });
      expect(summary).toMatchObject({ restored: 1, editedSince: 1, missing: 1, failed: 0 });
      expect(await app.rows(`select id, audio_url from lectures order by id`)).toEqual([
        { id: 1, audio_url: "mine" },
        { id: 3, audio_url: `${AUDIO}/c.m4a` },
      ]);
      expect(events).toContainEqual(
        expect.objectContaining({
          type: "cell-left",
          primaryKey: { id: 1 },
          reason: "edited-since",
          before: `${AUDIO}/a.m4a`,
          ours: `${NEW}/audio/a.m4a`,
          now: "mine",
        }),
      );
    });

    test("D7: a cell whose column refuses the new text stays, and the others of its batch are rewritten", async () => {
      await app.run(`create table short (id integer primary key, url text check (length(url) <> 42))`);
      const fits = `${AUDIO}/a.m4a`;
      const key = "x".repeat(42 - `${NEW}/audio/`.length);
      await app.run(`insert into short values (1, $1)`, fits);
      await app.run(`insert into short values (2, $1)`, `${AUDIO}/${key}`);
      await app.run(`insert into short values (3, $1)`, fits);
      const summary = await references.rewrite({ apply: true, states, signal, onEvent });
      expect(summary).toMatchObject({ cellsRewritten: 2, failed: 1, kept: { "does-not-fit": 1 } });
      expect(await app.rows(`select url from short order by id`)).toEqual([
        { url: `${NEW}/audio/a.m4a` },
        { url: `${AUDIO}/${key}` },
        { url: `${NEW}/audio/a.m4a` },
      ]);
      expect(await references.rollback({ apply: true, signal, onEvent })).toMatchObject({ restored: 2 });
    });

    test("references become the app's own URLs, or bare keys, and come back", async () => {
      await app.run(`insert into lectures values (1, 'a', $1)`, `${AUDIO}/a%20b.m4a`);
      const forms: readonly (readonly [RewriteTo, string])[] = [
        [{ to: "app", appBaseUrl: "https://api.example.com" }, "https://api.example.com/files/a%20b.m4a"],
        [{ to: "key" }, "a b.m4a"],
      ];
      for (const [to, expected] of forms) {
        const other = await opened(to);
        await other.rewrite({ apply: true, states, signal, onEvent });
        expect(await app.rows(`select audio_url from lectures`)).toEqual([{ audio_url: expected }]);
        const proved = await Array.fromAsync(other.prove({ signal, onEvent }));
        expect(proved).toMatchObject([{ route: "audio", url: expected, side: "target" }]);
        await other.rollback({ apply: true, signal, onEvent });
        expect(await app.rows(`select audio_url from lectures`)).toEqual([{ audio_url: `${AUDIO}/a%20b.m4a` }]);
        await other.close();
      }
    });

    test("scan counts references by column, route, kind and JSON path", async () => {
      await fill();
      const { columns, references: total } = await references.scan({ signal, onEvent });
      expect(total).toBe(457);
      expect(columns).toContainEqual(
        expect.objectContaining({
          table: app.label("lectures"),
          column: "audio_url",
          cells: 450,
          references: 450,
          byRoute: { audio: 450 },
          byKind: { public: 450 },
        }),
      );
      expect(columns).toContainEqual(expect.objectContaining({ column: "data", byPath: { "$.files[*]": 1 } }));
      expect(columns).toContainEqual(expect.objectContaining({ column: "doc", byPath: { "$.cover.url": 1 } }));
    });

    test("describe names the engine, the tables, and what a rewrite would trigger", async () => {
      const { engine: name, tables, findings } = await references.describe({ signal });
      expect(name).toMatch(/^(SQLite 3|PostgreSQL 1)\d*\./);
      expect(tables).toContainEqual(
        expect.objectContaining({ table: app.label("lectures"), columns: ["title", "audio_url"] }),
      );
      expect(tables).toContainEqual(
        expect.objectContaining({ table: app.label("audio_urls"), skipped: expect.stringContaining("view") as string }),
      );
      expect(findings.filter((finding) => finding.level === "error")).toEqual([]);
    });

    test("tokens of signed URLs do not reach an event", async () => {
      await app.run(
        `insert into lectures values (1, 'a', $1)`,
        `${AUDIO.replace("/public/", "/sign/")}/a.m4a?token=SECRETTOKEN`,
      );
      const mapping = await opened({ to: "public", forms: { signed: "map" } });
      await mapping.rewrite({ apply: true, states, signal, onEvent });
      await mapping.close();
      expect(JSON.stringify(events)).not.toContain("SECRETTOKEN");
      expect(events).toContainEqual(expect.objectContaining({ type: "cell-rewritten" }));
    });

    test("one cell is read by its key, whatever key that is", async () => {
      await app.run(`insert into users values ('Ada', 'North', $1)`, `${IMAGE}/ada.png`);
      await app.run(`insert into lectures values (7, 'a', null)`);
      await app.run(`create table tags (name text not null primary key, url text)`);
      await app.run(`insert into tags values ('7', $1)`, `${IMAGE}/7.png`);
      const cell = async (table: string, column: string, key: string | Record<string, string>): Promise<unknown> => {
        const found = await references.cell({ table, column, key });
        return [
          Object.values(found.cell.primaryKey).map(String),
          found.leaves.flatMap((one) => one.occurrences.map(({ readings }) => readings[0]?.key)),
        ];
      };
      expect(await cell("users", "profile_image_url", { name: "Ada", school: "North" })).toEqual([
        ["North", "Ada"],
        ["ada.png"],
      ]);
      expect(await cell(app.label("tags"), "url", "7")).toEqual([["7"], ["7.png"]]);
      expect(await cell("lectures", "audio_url", "7")).toEqual([["7"], []]);
      await expect(cell("lectures", "audio_url", "8")).rejects.toThrow("no row with this key");
      await expect(cell("users", "profile_image_url", "Ada")).rejects.toThrow("the key of users is school, name");
      await expect(cell("lectures", "id", "7")).rejects.toThrow("no column id that is looked at");
    });

    test("rows whose keys differ only in where a line breaks are two rows", async () => {
      await app.run(
        "create table sheets (book text not null, page text not null, url text, cover text, primary key (book, page))",
      );
      await app.run("insert into sheets values ($1, $2, $3, $4)", "a\nb", "c", `${IMAGE}/1.png`, `${IMAGE}/2.png`);
      await app.run("insert into sheets values ($1, $2, $3, $4)", "a", "b\nc", `${IMAGE}/3.png`, `${IMAGE}/4.png`);
      expect(await references.rewrite({ apply: true, states, signal, onEvent })).toMatchObject({ cellsRewritten: 4 });
      expect(await references.scan({ signal, onEvent })).toMatchObject({ references: 0 });
      expect(await references.rollback({ apply: true, signal, onEvent })).toMatchObject({ restored: 4 });
    });

    test("`limit` stops after so many cells, and the next run goes on", async () => {
      await fill();
      expect(await references.rewrite({ apply: true, states, signal, onEvent, limit: 10 })).toMatchObject({
        cellsRewritten: 10,
      });
      expect(await references.rewrite({ apply: true, states, signal, onEvent })).toMatchObject({ cellsRewritten: 446 });
    });
  });
}
