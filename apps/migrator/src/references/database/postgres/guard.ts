import type { Table, TextColumn } from "../table.ts";

/**
 * Keeps new rows with the old URL out, at once and without reading the table: NOT VALID checks only what is written from now
 * on. It makes the app's write fail, which is why a person has to decide it.
 * https://www.postgresql.org/docs/current/sql-altertable.html
 */
export function guardStatement({ writeTo }: Table, { name, shape }: TextColumn, needle: string): string {
  const column = shape.kind === "text" ? quoted(name) : `${quoted(name)}::text`;
  const table =
    writeTo.schema === undefined ? quoted(writeTo.name) : `${quoted(writeTo.schema)}.${quoted(writeTo.name)}`;
  const constraint = quoted(`no_old_url_in_${name}`.slice(0, 63));
  return `ALTER TABLE ${table} ADD CONSTRAINT ${constraint} CHECK (strpos(${column}, '${needle.replaceAll("'", "''")}') = 0) NOT VALID;`;
}

/** As Postgres itself would write it. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
