import { requirePostgres } from "@bucketferry/local-servers";
import fc from "fast-check";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { textArray } from "../../src/references/database/postgres/text-array.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

test.skipIf(server === undefined)(
  "D9 a server reads every text of an array as it was written, in its order: quotes, braces, NULL, any letter, and none",
  async () => {
    const client = new pg.Client({ connectionString: server?.url ?? "" });
    await client.connect();
    const text = fc.oneof(
      fc.string({ unit: "grapheme" }).map((one) => one.replaceAll("\0", "")),
      fc.constantFrom("", "NULL", '"', "{a,b}", "\\", "a\\\\b", "\n", "\u{1f600}é", "x".repeat(100_000)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 20 }), async (texts) => {
        const { rows } = await client.query<{ text: string }>(
          "select v.text from unnest($1::text[]) with ordinality as v(text, at) order by v.at",
          [textArray(texts)],
        );
        expect(rows.map((row) => row.text)).toEqual(texts);
      }),
    );
    await client.end();
  },
  60_000,
);
