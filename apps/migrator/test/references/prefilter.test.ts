import { requirePostgres } from "@bucketferry/local-servers";
import type { Route } from "@bucketferry/config";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findOccurrences } from "../../src/references/text/find-occurrences.ts";
import { hostTable, type HostTable } from "../../src/references/text/host-table.ts";
import { postgresApp, sqliteApp, type AppDatabase } from "./engines.ts";
import { AUDIO, never, opened } from "./harness.ts";
import { bucketRoutes, classroomRoutes, NEW } from "./routes.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

const TEXTS_AT_ONCE = 60;

const SUPABASE = [
  `${AUDIO}/a.m4a`,
  `${NEW}/audio/a.m4a`,
  "/storage/v1/object/public/lecture-audio/a.m4a",
  "//ref.supabase.co/storage/v1/object/public/lecture-audio/a%20b.m4a",
  "https://ref.supabase.in/storage/v1/object/sign/lecture-audio/a.m4a?token=x",
  "https://ref.storage.supabase.co/storage/v1/s3/lecture-audio/a.m4a",
  "https://other.example.org/a.m4a",
  "https://files.other.example/storage/v1/object/public/lecture-audio/a.m4a",
];
const S3 = [
  "https://school-media.s3.eu-central-1.amazonaws.com/a.m4a",
  "https://s3.eu-central-1.amazonaws.com/school-media/a.m4a",
  "//s3.amazonaws.com/school-media/a%20b.m4a",
  "s3://school-media/a.m4a",
  `${NEW}/media/a.m4a`,
  "https://s3.eu-central-1.amazonaws.com/other-bucket/a.m4a",
];
const ofTargets = (url: string): boolean => url.startsWith(NEW);

/** Every third letter as a capital. */
const mixed = (text: string): string =>
  text.replaceAll(/[a-z]/g, (letter, at: number) => (at % 3 === 0 ? letter.toUpperCase() : letter));
const host = /(?<=\/\/)[^/]+/;
const SPELLINGS: Readonly<Record<string, (url: string) => string>> = {
  "as it is": (url) => url,
  upper: (url) => url.toUpperCase(),
  mixed,
  // As people write names, and as they shout. A rewrite writes neither.
  "host mixed": (url) => (ofTargets(url) ? url : url.replace(host, mixed)),
  "host upper": (url) => (ofTargets(url) ? url : url.replace(host, (name) => name.toUpperCase())),
  json: (url) => JSON.stringify({ u: url }).replaceAll("/", String.raw`\/`),
  "json, host mixed": (url) =>
    JSON.stringify({ u: ofTargets(url) ? url : url.replace(host, mixed) }).replaceAll("/", String.raw`\/`),
  "json twice": (url) => JSON.stringify([JSON.stringify(url).replaceAll("/", String.raw`\/`)]),
  "json, slashes as code units": (url) => JSON.stringify([url]).replaceAll("/", String.raw`\u002F`),
  // Behind a host of ours only: what else tells a URL has to be there as it is.
  "json, a letter of the path as a code unit": (url) =>
    JSON.stringify([url]).replace("supabase.co/s", String.raw`supabase.co/\u0073`),
  percent: (url) => encodeURIComponent(url),
  "percent twice": (url) => `https://x.example/?u=${encodeURIComponent(encodeURIComponent(url))}`,
  "percent, host mixed": (url) => encodeURIComponent(ofTargets(url) ? url : url.replace(host, mixed)),
  html: (url) => `<a href="${url.replaceAll("/", "&#x2f;")}">`,
  css: (url) => `a { background: url('${url}') }`,
};
const spelled = (urls: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...urls), fc.constantFrom(...Object.values(SPELLINGS))).map(([url, spell]) => spell(url));
// Without any a text can be JSON as a whole.
const noise = fc.oneof(
  fc.constant(""),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\0", " ")),
);
const textsWith = (urls: readonly string[]): fc.Arbitrary<string[]> =>
  fc.array(
    fc.tuple(noise, spelled(urls), noise).map((parts) => parts.join(" ")),
    { minLength: TEXTS_AT_ONCE, maxLength: TEXTS_AT_ONCE },
  );
const ROUTES: Readonly<Record<string, readonly [make: () => Promise<Route[]>, urls: readonly string[]]>> = {
  "URLs with a path of their own": [classroomRoutes, SUPABASE],
  "URLs that only their hosts tell": [bucketRoutes, S3],
};

describe.each([
  ["SQLite", sqliteApp, true],
  ["Postgres", () => postgresApp(server?.url ?? ""), server !== undefined],
] as const)("what %s passes over", (name, open, isThere) => {
  let app: AppDatabase;
  beforeAll(async () => {
    if (!isThere) return;
    app = await open();
    const array = name === "SQLite" ? "text" : "text[]";
    await app.run(`create table texts (id integer primary key, t text, a ${array})`);
  });
  afterAll(async () => {
    if (isThere) await app.close();
  });

  test.skipIf(!isThere).each(Object.entries(ROUTES))(
    "holds nothing that would be found, in a text or inside of an array (%s)",
    async (_name, [make, urls]) => {
      const routes = await make();
      // What the grammar finds when nothing is ruled out before.
      const hosts: HostTable = { ...hostTable(routes), mayBeIn: () => true };
      const run = await opened(app, { routes: make });
      await fc.assert(
        fc.asyncProperty(textsWith(urls), async (texts) => {
          await app.run("delete from texts");
          await app.run("begin");
          for (const [id, one] of texts.entries()) {
            const array = name === "SQLite" ? one : [one];
            await app.run("insert into texts values ($1, $2, $3)", id, one, array);
          }
          await app.run("commit");
          const wanted = texts
            .map((one) => findOccurrences(one, { routes, hosts, isJson: false }).length)
            .reduce((sum, count) => sum + count, 0);
          let found = 0;
          const { columns } = await run.references.scan({ signal: never, onEvent: () => {} });
          for (const { references, alreadyRewritten, foreign } of columns)
            found += references + alreadyRewritten + foreign;
          expect(wanted).toBeGreaterThan(0);
          expect(found).toBe(wanted * 2);
        }),
        { numRuns: 12, endOnFailure: true },
      );
      await run.close();
      await Promise.all(routes.map((route) => route.close()));
    },
    120_000,
  );
});
