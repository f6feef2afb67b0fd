import { sql, type RawBuilder } from "kysely";
import { prefilter } from "../prefilter.ts";
import { TEXT, type Shape } from "../shape/shape.ts";
import type { AppDatabase } from "../app-database.ts";
import type { TableName } from "../table.ts";

/** In lower case, by the C collation: ASCII letters only, and far cheaper than by the rules of a language. */
export function lowered(text: RawBuilder<string>): RawBuilder<string> {
  return sql<string>`pg_catalog.lower(${text} collate "C")`;
}

/**
 * True where a text, in lower case, holds one of the needles. `strpos` costs a fraction of what LIKE costs, and ILIKE and
 * regular expressions three to eight times as much; `lower` is most of the cost, so it should be done once.
 */
export function holdsOneOf(lower: RawBuilder<string>, needles: readonly string[], shape: Shape): RawBuilder<boolean> {
  const has = (needle: string): RawBuilder<unknown> => sql`pg_catalog.strpos(${lower}, ${needle}::text) > 0`;
  const groups = prefilter(needles, shape).map((group) => {
    const any = sql`(${sql.join(group.needles.map(has), sql` or `)})`;
    return group.gate === undefined ? any : sql`(${has(group.gate)} and ${any})`;
  });
  return sql<boolean>`(${sql.join(groups, sql` or `)})`;
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
    : holdsOneOf(lowered(sql<string>`${column}::text`), needles, TEXT);
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
