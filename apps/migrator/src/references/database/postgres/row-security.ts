import { sql } from "kysely";
import type { AppDatabase } from "../app-database.ts";
import type { TableName } from "../table.ts";

/** https://www.postgresql.org/docs/current/functions-info.html: whether policies apply to this user, who is no owner and may not bypass them. */
export async function hasRowSecurity(db: AppDatabase, { schema, name }: TableName): Promise<boolean> {
  const { rows } = await sql<{ active: boolean }>`
    select pg_catalog.row_security_active(pg_catalog.format('%I.%I', ${schema}::text, ${name}::text)) as active`.execute(
    db,
  );
  return rows[0]?.active === true;
}
