import { sql, type RawBuilder } from "kysely";
import { prefilter } from "../prefilter.ts";
import { TEXT, type Shape } from "../shape/shape.ts";
import type { AppDatabase } from "../dialect.ts";
import type { TableName } from "../table.ts";

/**
 * True where a text holds one of the needles, whatever the case of its ASCII letters. `strpos` on `lower` by the C collation
 * costs what LIKE costs; ILIKE and regular expressions cost three to eight times as much.
 */
export function holdsOneOf(text: RawBuilder<string>, needles: readonly string[], shape: Shape): RawBuilder<boolean> {
  const { gate, needles: written } = prefilter(needles, shape);
  const lower = sql`pg_catalog.lower(${text} collate "C")`;
  const has = (needle: string): RawBuilder<unknown> => sql`pg_catalog.strpos(${lower}, ${needle}::text) > 0`;
  const any = sql<boolean>`(${sql.join(written.map(has), sql` or `)})`;
  return gate === undefined ? any : sql<boolean>`(${has(gate)} and ${any})`;
}

/** How many rows of a column that is not rewritten hold one of the needles. */
export async function holdsAny(
  db: AppDatabase,
  { schema, name: table }: TableName,
  { name, type }: { readonly name: string; readonly type: string },
  needles: readonly string[],
): Promise<number> {
  const column = sql.id(name);
  const held = type.startsWith("bytea")
    ? bytesHoldOneOf(type === "bytea" ? column : sql`${column}::text`, type, needles)
    : holdsOneOf(sql<string>`${column}::text`, needles, TEXT);
  const { rows } = await sql<{ rows: string }>`
    select count(*)::text as rows from only ${sql.id(...(schema === undefined ? [table] : [schema, table]))}
    where ${held}`.execute(db);
  return Number(rows[0]?.rows ?? 0);
}

/** Bytes have no letters and no case: only texts in lower case, as URLs are usually written, are found. */
function bytesHoldOneOf(bytes: RawBuilder<unknown>, type: string, needles: readonly string[]): RawBuilder<unknown> {
  const found = needles.map((needle) => {
    const hex = Buffer.from(needle.toLowerCase(), "utf8").toString("hex");
    return type === "bytea"
      ? sql`position(decode(${hex}, 'hex') in ${bytes}) > 0`
      : sql`strpos(${bytes}, ${hex}::text) > 0`;
  });
  return sql`(${sql.join(found, sql` or `)})`;
}
