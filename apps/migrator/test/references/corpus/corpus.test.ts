import { fileURLToPath } from "node:url";
import { requirePostgres } from "@bucketferry/local-servers";
import type { Route } from "@bucketferry/config";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LookUpStates, ObjectState } from "../../../src/references/contract.ts";
import { openReferences } from "../../../src/references/open-references.ts";
import { lookUp, planCell } from "../../../src/references/rewrite-plan.ts";
import { findOccurrences } from "../../../src/references/text/find-occurrences.ts";
import { hostTable } from "../../../src/references/text/host-table.ts";
import { postgresApp, sqliteApp, type AppDatabase } from "../engines.ts";
import { classroomRoutes } from "../routes.ts";
import { documents, type Document } from "./documents.ts";
import { seededRandom } from "./random.ts";
import { VERIFIED, weave, type Woven } from "./weave.ts";

const FEWEST = 5_000;
const PACKAGES = fileURLToPath(new URL("../../../../../node_modules/.pnpm", import.meta.url));
const signal = new AbortController().signal;

const all = documents(PACKAGES, FEWEST + 400);
const random = seededRandom(20_260_101);
const woven = all.flatMap((document): (Document & Woven)[] => {
  const one = weave(document, random);
  return one === undefined ? [] : [{ ...document, ...one }];
});
const rewritten = woven.reduce((sum, one) => sum + one.rewritten, 0);
const enough = woven.length >= FEWEST;
if (!enough) console.error(`corpus: only ${woven.length} documents of installed packages; the tests want ${FEWEST}`);

const states: LookUpStates = async (route, keys) =>
  new Map(
    keys
      .filter((key) => VERIFIED.has(`${route}/${key}`))
      .map((key): [string, ObjectState] => [key, { state: "verified", targetKey: key }]),
  );

test.runIf(process.env["CI"] !== undefined)("the corpus has its documents in CI", () => {
  expect(woven.length).toBeGreaterThanOrEqual(FEWEST);
});

describe.runIf(enough)(
  "5,000 real documents with references of every form at every kind of place (D9, D11, D12, D13)",
  () => {
    let routes: Route[];
    beforeAll(async () => {
      routes = await classroomRoutes();
    });
    afterAll(() => Promise.all(routes.map((route) => route.close())));

    test("each reference is rewritten, not one other character changes, and a second run finds nothing (D18)", async () => {
      const hosts = hostTable(routes);
      for (const { path, before, after, rewritten: expected } of woven) {
        const plan = async (text: string) => {
          const occurrences = [...findOccurrences(text, { routes, hosts, isJson: false })];
          const read = { text, occurrences };
          return planCell(read, await lookUp([read], states), routes, { to: "public" });
        };
        const first = await plan(before);
        const second = await plan(after);
        expect({ path, text: first.after, references: first.references.length, again: second.references }).toEqual({
          path,
          text: after,
          references: expected,
          again: [],
        });
      }
    }, 300_000);

    test("a document without a reference of ours stays as it is", () => {
      const hosts = hostTable(routes);
      for (const { path, text } of all) {
        const occurrences = [...findOccurrences(text, { routes, hosts, isJson: false })];
        const ours = occurrences.filter(({ readings }) => readings.some(({ side }) => side === "source"));
        expect({ path, ours }).toEqual({ path, ours: [] });
      }
    }, 120_000);

    const server = requirePostgres();
    afterAll(async () => (await server)?.close());
    const engines: readonly (readonly [string, () => Promise<AppDatabase | undefined>])[] = [
      ["SQLite", sqliteApp],
      [
        "Postgres",
        async () => {
          const url = (await server)?.url;
          return url === undefined ? undefined : postgresApp(url);
        },
      ],
    ];

    test.each(engines)(
      "as rows in %s they are rewritten alike, and rollback restores the identical database",
      async (_name, open) => {
        const app = await open();
        if (app === undefined) return;
        const references = await openReferences({
          database: app.location,
          routes,
          rewriteTo: { to: "public" },
          exclude: [],
        });
        try {
          await app.run("create table documents (id integer primary key, path text, body text, parsed json)");
          const isJson = ({ kind }: Document): boolean => kind === "json";
          const batch = 100;
          for (let from = 0; from < woven.length; from += batch) {
            const rows = woven.slice(from, from + batch);
            const marks = rows.map(
              (_row, index) => `($${index * 4 + 1}, $${index * 4 + 2}, $${index * 4 + 3}, $${index * 4 + 4})`,
            );
            const values = rows.flatMap((one, index) => [
              from + index,
              one.path,
              one.before,
              isJson(one) ? one.before : null,
            ]);
            await app.run(`insert into documents values ${marks.join(", ")}`, ...values);
          }
          const dump = (): Promise<Record<string, unknown>[]> =>
            app.rows("select id, path, body, cast(parsed as text) as parsed from documents order by id");
          const before = await dump();

          const summary = await references.rewrite({ apply: true, states, signal, onEvent: () => undefined });
          const twice = woven.filter(isJson).reduce((sum, one) => sum + one.rewritten, 0);
          expect(summary).toMatchObject({ referencesRewritten: rewritten + twice, failed: 0 });
          const expected = woven.map((one, id) => ({
            id,
            path: one.path,
            body: one.after,
            parsed: isJson(one) ? one.after : null,
          }));
          for (const [id, row] of (await dump()).entries()) expect(row).toEqual(expected[id]);

          await references.rollback({ apply: true, signal, onEvent: () => undefined });
          expect(await dump()).toEqual(before);
        } finally {
          await references.close();
          await app.close();
        }
      },
      300_000,
    );
  },
);
