import type { Metadata } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";

/**
 * User metadata travels as base64 of JSON in one header. Servers of the service and gateways before it read 8 KiB of one
 * header for certain, and the resumable protocol puts the key into the same header.
 */
export const MAX_METADATA_BYTES = 4096;
const MAX_METADATA_JSON_BYTES = 5120;

/** Any character of a header name (RFC 9110 §5.1), so that the metadata fits other services too. */
export const METADATA_KEY_CHARSET = "[a-z0-9!#$%&'*+.^_`|~-]";

/** @throws TooLarge for metadata whose JSON takes more than the header holds, whatever its plain length is */
export function metadataJson(metadata: Metadata | undefined): string {
  const json = JSON.stringify(metadata ?? {});
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_METADATA_JSON_BYTES) {
    throw new StorageError(
      "TooLarge",
      `the metadata takes ${bytes} bytes as JSON, ${MAX_METADATA_JSON_BYTES} are allowed`,
      { hint: "Use fewer or shorter names, and fewer quotes, backslashes and control characters in values." },
    );
  }
  return json;
}

export function metadataHeader(metadata: Metadata | undefined): string {
  return Buffer.from(metadataJson(metadata), "utf8").toString("base64");
}

/**
 * The contract's view of what the service keeps, which is any JSON object: names in lower case, values as text, those
 * that are not text as JSON. Names that differ only in case are all kept: one that is in lower case already keeps its
 * name, the others get `-2`, `-3` …
 */
export function metadataOf(stored: Readonly<Record<string, unknown>>): Metadata {
  const result = new Map<string, string>();
  const entries = Object.entries(stored);
  const lowerFirst = [
    ...entries.filter(([name]) => name === name.toLowerCase()),
    ...entries.filter(([name]) => name !== name.toLowerCase()),
  ];
  for (const [name, value] of lowerFirst) {
    result.set(freeName(name.toLowerCase(), result), typeof value === "string" ? value : JSON.stringify(value));
  }
  // fromEntries defines properties; assigning one by one would lose a name such as __proto__.
  return Object.fromEntries(result);
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}
