import { requirePostgres } from "@bucketferry/local-servers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LookUpStates } from "../../src/references/contract.ts";
import { postgresApp, sqliteApp, type AppDatabase } from "./engines.ts";
import { AUDIO, NEW_AUDIO, opened, verified, type Opened } from "./harness.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

/** Rows of one schedule: what happens to them is independent of the others. */
const ROWS = 4;
/** Schedules that one run of the rewriter goes through, side by side. */
const AT_ONCE = 100;

/** What the app does to a row, at one of the moments between the rewriter's read and its write. */
interface Edit {
  readonly kind: "text" | "url" | "append" | "null" | "delete" | "insert";
  readonly row: number;
  readonly moment: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom("text", "url", "append", "null", "delete", "insert"),
  row: fc.integer({ min: 0, max: ROWS - 1 }),
  moment: fc.integer({ min: 0, max: 5 }),
});

interface Schedule {
  readonly meanwhile: readonly Edit[];
  readonly later: readonly Edit[];
}

const schedules: fc.Arbitrary<readonly Schedule[]> = fc.array(
  fc.record({ meanwhile: fc.array(edit, { maxLength: 6 }), later: fc.array(edit, { maxLength: 2 }) }),
  { minLength: AT_ONCE, maxLength: AT_ONCE },
);

/** Runs of the rewriter: 10,000 schedules where a statement is a call, fewer where each is a round trip. */
const RUNS = { SQLite: 100, Postgres: Number(process.env["BUCKETFERRY_TEST_RUNS"] ?? 5) } as const;

describe.each([
  ["SQLite", sqliteApp, true],
  ["Postgres", () => postgresApp(server?.url ?? ""), server !== undefined],
] as const)("D1, D2, D22 edits of another connection on %s", (name, open, isThere) => {
  let app: AppDatabase;
  let rewriter: Opened;
  beforeAll(async () => {
    if (!isThere) return;
    app = await open();
    await app.run("create table lectures (id integer primary key, audio_url text, edits integer not null default 0)");
    rewriter = await opened(app);
  });
  afterAll(async () => {
    if (!isThere) return;
    await rewriter.close();
    await app.close();
  });

  test.skipIf(!isThere)(
    `are never overwritten, by a rewrite or by its rollback, whenever they come (${RUNS[name] * AT_ONCE} schedules)`,
    async () => {
      // A failing run is told as it is: making a hundred schedules smaller would take hours.
      const result = await fc.check(fc.asyncProperty(schedules, runSchedules), {
        numRuns: RUNS[name],
        endOnFailure: true,
      });
      expect({ replay: { seed: result.seed, path: result.counterexamplePath }, error: result.errorInstance }).toEqual({
        replay: { seed: result.seed, path: null },
        error: null,
      });
      expect(result.failed).toBe(false);
    },
    600_000,
  );

  async function runSchedules(all: readonly Schedule[]): Promise<void> {
    await app.run("delete from lectures");
    if (await hasJournal()) await app.run("delete from bucketferry_url_journal");
    const model = new Map<number, string | null>();
    const ids = Array.from({ length: all.length * ROWS }, (_, id) => id);
    for (const id of ids) model.set(id, `${AUDIO}/${id}.m4a`);
    const values = ids.map((id) => `(${id}, '${AUDIO}/${id}.m4a')`).join(", ");
    await app.run(`insert into lectures (id, audio_url) values ${values}`);

    let serial = 0;
    async function applyAll(edits: readonly (Edit & { readonly id: number })[]): Promise<void> {
      if (edits.length === 0) return;
      const texts = new Map(await stored());
      await app.run("begin");
      for (const { kind, id } of edits) {
        serial += 1;
        if (kind === "insert" ? model.has(id) : !model.has(id)) continue;
        if (kind === "delete") {
          model.delete(id);
          await app.run("delete from lectures where id = $1", id);
          continue;
        }
        // Only what the app itself changed is in the model; the rewriter's writes are judged against it.
        const next =
          kind === "null"
            ? null
            : kind === "append"
              ? `${texts.get(id) ?? ""} edit${serial}`
              : kind === "text"
                ? `edited ${serial}`
                : `${AUDIO}/edit${serial}.m4a`;
        texts.set(id, next);
        model.set(id, next);
        if (kind === "insert") await app.run("insert into lectures (id, audio_url) values ($1, $2)", id, next);
        else await app.run("update lectures set audio_url = $1 where id = $2", next, id);
      }
      await app.run("commit");
    }
    const editsOf = (of: (schedule: Schedule) => readonly Edit[]): (Edit & { readonly id: number })[] =>
      all.flatMap((schedule, index) => of(schedule).map((one) => ({ ...one, id: index * ROWS + one.row })));

    // The ledger is asked between the read of a batch and its write: that is where an edit does most harm.
    const meanwhile = Map.groupBy(
      editsOf((schedule) => schedule.meanwhile),
      ({ moment }) => moment,
    );
    let asked = 0;
    const states: LookUpStates = async (route, keys) => {
      const due = meanwhile.get(asked) ?? [];
      asked += 1;
      await applyAll(due);
      return verified(route, keys);
    };
    await rewriter.rewrite({ states });
    await expectOnlyUrlsDiffer(model, [AUDIO, NEW_AUDIO]);

    await applyAll(editsOf((schedule) => schedule.later));
    const before = new Map(await stored());
    await rewriter.rollback();
    // Rollback gives back the old URL, or leaves what the app wrote; nothing else.
    await expectOnlyUrlsDiffer(model, [AUDIO, NEW_AUDIO]);
    for (const [id, text] of await stored()) {
      const was = before.get(id) ?? null;
      expect([was, was?.replaceAll(NEW_AUDIO, AUDIO) ?? null]).toContain(text);
    }
    rewriter.events.length = 0;
  }

  async function stored(): Promise<[number, string | null][]> {
    const rows = await app.rows("select id, audio_url from lectures order by id");
    return rows.map((row): [number, string | null] => [Number(row["id"]), row["audio_url"] as string | null]);
  }

  /** Row by row what the app wrote last, but for the form of its URLs. */
  async function expectOnlyUrlsDiffer(
    model: ReadonlyMap<number, string | null>,
    [old, now]: readonly [string, string],
  ): Promise<void> {
    const plain = (text: string | null): string | null => text?.replaceAll(now, old) ?? null;
    const wanted = [...model].toSorted(([a], [b]) => a - b).map(([id, text]) => [id, plain(text)]);
    expect((await stored()).map(([id, text]) => [id, plain(text)])).toEqual(wanted);
  }

  async function hasJournal(): Promise<boolean> {
    const catalogue = name === "SQLite" ? "sqlite_schema where name" : "pg_class where relname";
    return (await app.rows(`select 1 from ${catalogue} = 'bucketferry_url_journal'`)).length > 0;
  }
});
