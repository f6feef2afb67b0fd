import { sql, type RawBuilder } from "kysely";
import type { TableName } from "../table.ts";

export function tableId({ schema, name }: TableName): RawBuilder<unknown> {
  return schema === undefined ? sql`${sql.id(name)}` : sql`${sql.id(schema, name)}`;
}
