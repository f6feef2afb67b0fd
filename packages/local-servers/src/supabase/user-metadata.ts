import { failures } from "./api-error.ts";
import type { JsonObject } from "./rows.ts";

/** User metadata as JSON text: an object, or nothing where the text is no JSON. Other JSON does not fit the column. */
export function parseUserMetadata(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  const value = parseJson(text);
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw failures.invalidParameter("invalid input syntax for type json");
  }
  return value as JsonObject;
}

/** The `x-metadata` header: base64 of the same. Characters outside the alphabet are skipped, as Node's decoder does. */
export function parseMetadataHeader(header: string | undefined): JsonObject {
  return parseUserMetadata(header === undefined ? undefined : Buffer.from(header, "base64").toString("utf8"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
