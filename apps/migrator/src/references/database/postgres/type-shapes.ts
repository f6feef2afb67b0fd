import { sql } from "kysely";
import type { AppDatabase } from "../app-database.ts";
import { JSON_TEXT, TEXT, type CompositeField, type Shape } from "../shape/shape.ts";

/** What is known of a column's type. */
export interface TypeKnowledge {
  /** Undefined: its values hold no text that could be rewritten. */
  shapeOf(oid: number): Shape | undefined;
  /** Why values of a type that may hold text are left alone; undefined: they hold none, or are rewritten. */
  whyNot(oid: number): string | undefined;
}

interface TypeRow {
  readonly oid: number;
  readonly name: string;
  /** b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly category: string;
  readonly base: number;
  readonly element: number;
  readonly relation: number;
}

interface FieldRow {
  readonly relation: number;
  readonly name: string;
  readonly type: number;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  text: TEXT,
  varchar: TEXT,
  bpchar: TEXT,
  citext: TEXT,
  xml: TEXT,
  json: JSON_TEXT,
  jsonb: JSON_TEXT,
  hstore: { kind: "hstore" },
};

const LEFT_ALONE: Readonly<Record<string, string>> = {
  bytea: "bytes: whoever wrote them knows what they mean",
  tsvector: "a search index: rebuild it from the text that it was made of",
  tsquery: "a search query",
  ltree: "a path of labels",
};

/** https://www.postgresql.org/docs/current/catalog-pg-type.html; two queries, however many tables there are. */
export async function readTypes(db: AppDatabase): Promise<TypeKnowledge> {
  const { rows: types } = await sql<TypeRow>`
    select oid::int8::float8 as oid, typname as name, typtype::text as kind, typcategory::text as category,
      typbasetype::int8::float8 as base, typelem::int8::float8 as element, typrelid::int8::float8 as relation
    from pg_catalog.pg_type`.execute(db);
  const { rows: fields } = await sql<FieldRow>`
    select a.attrelid::int8::float8 as relation, a.attname as name, a.atttypid::int8::float8 as type
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    where c.relkind in ('c', 'r', 'p') and a.attnum > 0 and not a.attisdropped
      and (c.relkind = 'c' or exists (
        select from pg_catalog.pg_attribute used join pg_catalog.pg_class user_table on user_table.oid = used.attrelid
        where used.atttypid in (c.reltype, (select typarray from pg_catalog.pg_type where oid = c.reltype))
          and user_table.relkind in ('r', 'p', 'c')))
    order by a.attrelid, a.attnum`.execute(db);
  const byOid = new Map(types.map((type) => [type.oid, type]));
  const fieldsOf = Map.groupBy(fields, (field) => field.relation);
  const known = new Map<number, Shape | undefined>();

  function shapeOf(oid: number): Shape | undefined {
    if (known.has(oid)) return known.get(oid);
    // Until it is known: a type that contains itself ends here.
    known.set(oid, undefined);
    const shape = find(oid);
    known.set(oid, shape);
    return shape;
  }

  function find(oid: number): Shape | undefined {
    const type = byOid.get(oid);
    if (type === undefined) return undefined;
    if (type.kind === "d") return shapeOf(type.base);
    if (type.kind === "c") {
      const all = (fieldsOf.get(type.relation) ?? []).map(({ name, type: of }): CompositeField => ({
        name,
        shape: shapeOf(of),
      }));
      return all.some((field) => field.shape !== undefined) ? { kind: "composite", fields: all } : undefined;
    }
    if (type.kind !== "b") return undefined;
    if (type.category === "A" && type.element !== 0) {
      const of = shapeOf(type.element);
      return of && { kind: "array", of };
    }
    return SHAPES[type.name];
  }

  function whyNot(oid: number): string | undefined {
    const type = byOid.get(oid);
    if (type === undefined) return undefined;
    if (type.kind === "d") return whyNot(type.base);
    if (type.kind === "e") return "an enum: rename its label with ALTER TYPE … RENAME VALUE";
    if (type.category === "A" && type.element !== 0) return whyNot(type.element);
    return LEFT_ALONE[type.name];
  }

  return { shapeOf, whyNot };
}
