import { failures } from "./api-error.ts";
import type { Service } from "./exchange.ts";
import { checkKey } from "./names.ts";
import type { Caller, RowAccess } from "./policies.ts";
import type { ObjectRow } from "./rows.ts";

export function mayObject(
  service: Service,
  caller: Caller,
  command: RowAccess["command"],
  bucket: string,
  row: ObjectRow,
): boolean {
  const { key, attributes } = row;
  return service.security.may(caller, { table: "objects", command, bucket, key, ownerId: attributes.ownerId });
}

/** The row, when it is there and the caller may see it; the two are told apart by nobody. */
export function visibleObject(service: Service, caller: Caller, bucket: string, key: string): ObjectRow {
  checkKey(key, service.settings);
  return visibleRow(service, caller, bucket, key);
}

/** The same for keys that are looked up as they are, for example of rows that older versions made. */
export function visibleRow(service: Service, caller: Caller, bucket: string, key: string): ObjectRow {
  const row = service.rows.object(bucket, key);
  if (row === undefined || !mayObject(service, caller, "select", bucket, row)) throw failures.noSuchKey();
  return row;
}
