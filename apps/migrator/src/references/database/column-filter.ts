/** Schemas that belong to the platform, tables of ours, and records of what was, which a rewrite would falsify. */
const NEVER = [
  /^(?:storage|auth|cron|vault|_?realtime|_?analytics|supabase_\w+|extensions|graphql\w*|pgsodium\w*|pgbouncer|pgmq\w*|pgtle|net|pgboss|tiger\w*|topology)\./,
  /(?:^|\.)bucketferry_\w+\./,
  /(?:^|[._])(?:audit\w*|logs?)\./,
  /(?:^|\.)(?:schema_migrations|\w*_migrations|knex_migrations\w*|kysely_migration\w*)\./,
];

export interface ColumnFilter {
  /** Undefined: it is to be looked at. Else why not. */
  reasonToSkip(
    table: { readonly schema: string | undefined; readonly name: string },
    column: string,
  ): string | undefined;
  /** The route whose bare keys a column holds, by the configuration. */
  keysOf(table: { readonly schema: string | undefined; readonly name: string }, column: string): string | undefined;
}

/**
 * `include` and `exclude` as people write them: `table.column`, `table.*`, `schema.table.column`, `*` for any part of a
 * name. Exclusion wins. What is named in `include` without a wildcard is looked at even if it is on our own list of
 * tables that are better left alone.
 */
export function columnFilter(
  include: readonly string[] | undefined,
  exclude: readonly string[],
  keyColumns: Readonly<Record<string, string>> = {},
): ColumnFilter {
  const included = include?.map(toPattern);
  const excluded = exclude.map(toPattern);
  return {
    keysOf: ({ schema, name }, column) =>
      keyColumns[`${name}.${column}`] ?? (schema === undefined ? undefined : keyColumns[`${schema}.${name}.${column}`]),
    reasonToSkip({ schema, name }, column) {
      const names = [`${name}.${column}`, ...(schema === undefined ? [] : [`${schema}.${name}.${column}`])];
      const matches = (patterns: readonly RegExp[]): boolean =>
        patterns.some((pattern) => names.some((one) => pattern.test(one)));
      if (matches(excluded)) return "excluded by the configuration";
      if (included !== undefined) return matches(included) ? undefined : "not included by the configuration";
      const full = names.at(-1) ?? "";
      return NEVER.some((pattern) => pattern.test(full))
        ? "belongs to the platform or records the past; include it by name to change it"
        : undefined;
    },
  };
}

function toPattern(text: string): RegExp {
  const escaped = text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*");
  return new RegExp(`^${escaped}$`);
}
