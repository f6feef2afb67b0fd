import { failures } from "./api-error.ts";
import { validate } from "./body-schema.ts";
import { type Handler, isBefore, param, type Release, sendJson } from "./exchange.ts";
import { inBatches } from "./in-batches.ts";
import { readJsonBody } from "./json-body.ts";
import { fullRecord } from "./object-record.ts";
import { mayObject, visibleRow } from "./visible-object.ts";

const REMOVE = {
  type: "object",
  required: ["prefixes"],
  properties: { prefixes: { type: "array", items: { type: "string" }, minItems: 1 } },
} as const;

/** Exact keys, whatever the field is called. What is missing or forbidden is simply not in the answer. */
export const removeObjects: Handler = async (exchange, service) => {
  const { prefixes } = validate(REMOVE, await readJsonBody(exchange.request), "body");
  const { removalLimit } = service.settings;
  if (removalLimit !== undefined && prefixes.length > removalLimit) {
    throw failures.invalidRequest(`Bulk object requests are limited to ${removalLimit} objects per request.`);
  }
  const bucket = param(exchange, "bucket");
  const removed: unknown[] = [];
  await inBatches(prefixes, (key) => {
    const row = service.rows.object(bucket, key);
    const may = (command: "select" | "delete"): boolean =>
      row !== undefined && mayObject(service, exchange.caller, command, bucket, row);
    if (row === undefined || !may("select") || !may("delete")) return;
    service.rows.delete(bucket, key);
    removed.push(fullRecord(bucket, row));
  });
  sendJson(exchange.response, 200, removed);
};

export const removeObject: Handler = async (exchange, service) => {
  await readJsonBody(exchange.request);
  const bucket = param(exchange, "bucket");
  const row = visibleRow(service, exchange.caller, bucket, param(exchange, "*"));
  if (!mayObject(service, exchange.caller, "delete", bucket, row)) throw forbidden(service.settings.release);
  service.rows.delete(bucket, row.key);
  sendJson(exchange.response, 200, { message: "Successfully deleted" });
};

/** `deleteObject` in supabase/storage, src/storage/object.ts: the older one calls missing whatever it could not delete. */
function forbidden(release: Release): Error {
  return isBefore(release, "1.70") ? failures.noSuchKey() : failures.accessDenied("Access denied");
}
