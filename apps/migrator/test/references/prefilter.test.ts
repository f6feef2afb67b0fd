import { requirePostgres } from "@bucketferry/local-servers";
import type { Route } from "@bucketferry/config";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findOccurrences } from "../../src/references/text/find-occurrences.ts";
import { hostTable, type HostTable } from "../../src/references/text/host-table.ts";
import { postgresApp, sqliteApp, type AppDatabase } from "./engines.ts";
import { AUDIO, never, opened } from "./harness.ts";
import { classroomRoutes, NEW } from "./routes.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

const TEXTS_AT_ONCE = 60;

const url = fc.constantFrom(
  `${AUDIO}/a.m4a`,
  `${NEW}/audio/a.m4a`,
  "/storage/v1/object/public/lecture-audio/a.m4a",
  "//ref.supabase.co/storage/v1/object/public/lecture-audio/a%20b.m4a",
  "https://ref.supabase.in/storage/v1/object/sign/lecture-audio/a.m4a?token=x",
  "https://other.example.org/a.m4a",
  "https://files.other.example/storage/v1/object/public/lecture-audio/a.m4a",
);
const spelled = fc
  .tuple(url, fc.constantFrom("as-is", "upper", "mixed", "json", "json-twice", "percent", "html"))
  .map(([text, how]) => {
    switch (how) {
      case "upper":
        return text.toUpperCase();
      case "mixed":
        return text.replaceAll(/[a-z]/g, (letter, at: number) => (at % 3 === 0 ? letter.toUpperCase() : letter));
      case "json":
        return JSON.stringify({ u: text }).replaceAll("/", "\\/");
      case "json-twice":
        return JSON.stringify([JSON.stringify(text).replaceAll("/", "\\/")]);
      case "percent":
        return encodeURIComponent(text);
      case "html":
        return `<a href="${text.replaceAll("/", "&#x2f;")}">`;
      default:
        return text;
    }
  });
const noise = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\0", " "));
const text = fc.tuple(noise, spelled, noise).map((parts) => parts.join(" "));

describe.each([
  ["SQLite", sqliteApp, true],
  ["Postgres", () => postgresApp(server?.url ?? ""), server !== undefined],
] as const)("what %s passes over", (name, open, isThere) => {
  let app: AppDatabase;
  let routes: Route[];
  let hosts: HostTable;
  beforeAll(async () => {
    if (!isThere) return;
    app = await open();
    routes = await classroomRoutes();
    hosts = hostTable(routes);
    const array = name === "SQLite" ? "text" : "text[]";
    await app.run(`create table texts (id integer primary key, t text, a ${array})`);
  });
  afterAll(async () => {
    if (!isThere) return;
    await Promise.all(routes.map((route) => route.close()));
    await app.close();
  });

  test.skipIf(!isThere)(
    "holds nothing that would be found, in a text or inside of an array",
    async () => {
      const run = await opened(app);
      await fc.assert(
        fc.asyncProperty(fc.array(text, { minLength: TEXTS_AT_ONCE, maxLength: TEXTS_AT_ONCE }), async (texts) => {
          await app.run("delete from texts");
          await app.run("begin");
          for (const [id, one] of texts.entries()) {
            const array = name === "SQLite" ? one : [one];
            await app.run("insert into texts values ($1, $2, $3)", id, one, array);
          }
          await app.run("commit");
          const wanted = texts
            .map((one) => [...findOccurrences(one, { routes, hosts, isJson: false })].length)
            .reduce((sum, count) => sum + count, 0);
          let found = 0;
          const { columns } = await run.references.scan({ signal: never, onEvent: () => {} });
          for (const { references, alreadyRewritten, foreign } of columns)
            found += references + alreadyRewritten + foreign;
          expect(found).toBe(wanted * 2);
        }),
        { numRuns: 12, endOnFailure: true },
      );
      await run.close();
    },
    120_000,
  );
});
