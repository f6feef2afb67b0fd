import { requirePostgres } from "@bucketferry/local-servers";
import { afterAll, expect, test } from "vitest";
import { postgresApp } from "./engines.ts";
import { never, opened } from "./harness.ts";
import { makeManyTables } from "./many-tables.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

test.skipIf(server === undefined)(
  "D4 D8 D10 many tables of every kind, with triggers and row-level security: every count is right, there and back",
  async () => {
    const app = await postgresApp(server?.url ?? "");
    const run = await opened(app);
    const expected = await makeManyTables(app, 11, 40);
    const scanned = await run.references.scan({ signal: never, onEvent: () => {} });
    expect(scanned).toMatchObject({ tables: 11, references: expected.references, cells: expected.cells });
    expect(await run.rewrite()).toMatchObject({
      cellsRewritten: expected.cells,
      referencesRewritten: expected.references,
      failed: 0,
      kept: {},
    });
    expect(await run.references.scan({ signal: never, onEvent: () => {} })).toMatchObject({ references: 0 });
    expect(await run.rollback()).toMatchObject({ restored: expected.cells, missing: 0, editedSince: 0, failed: 0 });
    const back = await run.references.scan({ signal: never, onEvent: () => {} });
    expect(back).toMatchObject({ references: expected.references });
    await run.close();
    await app.close();
  },
  300_000,
);
