import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { requirePostgres } from "@bucketferry/local-servers";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { postgresApp, sqliteApp, type AppDatabase } from "./engines.ts";
import { AUDIO, NEW_AUDIO, opened } from "./harness.ts";

/** On Postgres rows and journal are one statement, and there is nothing between them. */
const POINTS = {
  SQLite: ["before-update", "after-update", "before-commit", "after-commit"],
  Postgres: ["before-update", "before-commit", "after-commit"],
} as const;
/** Something is done, something is under way, something is left; a rollback begins with the two rows of the last table. */
const TIMES = { rewrite: 2, rollback: 3 } as const;
const ROWS = 1_200;

const server = await requirePostgres();
afterAll(() => server?.close());

describe.each([
  ["SQLite", sqliteApp, true],
  ["Postgres", () => postgresApp(server?.url ?? ""), server !== undefined],
] as const)("SIGKILL on %s", (name, open, isThere) => {
  let app: AppDatabase;
  beforeEach(async () => {
    app = await open();
    await app.run("create table lectures (id integer primary key, audio_url text)");
    await app.run("create table notes (body text)");
    for (let from = 1; from <= ROWS; from += 300) {
      const rows = Array.from({ length: 300 }, (_, i) => `(${from + i}, '${AUDIO}/l/${from + i}.m4a')`);
      await app.run(`insert into lectures values ${rows.join(", ")}`);
    }
    await app.run(`insert into notes values ('see ${AUDIO}/note.m4a'), ('${AUDIO}/b.m4a')`);
  });
  afterEach(() => app.close());

  /** Every cell holds its old or its new text, and the journal knows exactly of the new ones. */
  async function expectAgreement(): Promise<number> {
    const cells = await app.rows("select id, audio_url from lectures order by id");
    const journal = new Map(
      (
        await app.rows(
          "select row_key, before_text, after_text from bucketferry_url_journal where table_name = 'lectures' and restored_at is null",
        )
      ).map((row) => [Number((JSON.parse(String(row["row_key"])) as { id: string }).id), row]),
    );
    let rewritten = 0;
    for (const { id, audio_url } of cells) {
      const entry = journal.get(Number(id));
      const old = `${AUDIO}/l/${String(id)}.m4a`;
      const now = `${NEW_AUDIO}/l/${String(id)}.m4a`;
      expect(audio_url).toBe(entry === undefined ? old : now);
      expect([entry?.["before_text"] ?? old, entry?.["after_text"] ?? now]).toEqual([old, now]);
      rewritten += entry === undefined ? 0 : 1;
    }
    expect(journal.size).toBe(rewritten);
    return rewritten;
  }

  async function runKilled(stage: "rewrite" | "rollback", point: string): Promise<void> {
    const { location } = app;
    const child = spawn(
      process.execPath,
      [
        "--conditions=@bucketferry/source",
        join(import.meta.dirname, "killed-run.ts"),
        stage,
        location.kind === "sqlite" ? location.path : location.url,
      ],
      { env: { ...process.env, BUCKETFERRY_KILL_AT: `${stage}:${point}#${TIMES[stage]}` }, stdio: "inherit" },
    );
    const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe("SIGKILL");
  }

  test.skipIf(!isThere).each(POINTS[name])(
    "L2 L3 %s of a rewrite: journal and cells agree, and another run ends it",
    async (point) => {
      await runKilled("rewrite", point);
      const done = await expectAgreement();
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThan(ROWS);
      const run = await opened(app);
      expect(await run.rewrite()).toMatchObject({ cellsRewritten: ROWS + 2 - done, alreadyRewritten: done, failed: 0 });
      expect(await expectAgreement()).toBe(ROWS);
      expect(await run.rollback()).toMatchObject({ restored: ROWS + 2, editedSince: 0, missing: 0 });
      expect(await app.rows(`select count(*) as n from lectures where audio_url like '${AUDIO}%'`)).toMatchObject([
        { n: expect.toSatisfy((n) => Number(n) === ROWS) as unknown },
      ]);
      await run.close();
    },
    120_000,
  );

  test.skipIf(!isThere).each(POINTS[name])(
    "L2 L3 %s of a rollback: journal and cells agree, and another run ends it",
    async (point) => {
      const run = await opened(app);
      await run.rewrite();
      await runKilled("rollback", point);
      const left = await expectAgreement();
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(ROWS);
      expect(await run.rollback()).toMatchObject({ editedSince: 0, missing: 0, failed: 0 });
      expect(await expectAgreement()).toBe(0);
      await run.close();
    },
    120_000,
  );
});
