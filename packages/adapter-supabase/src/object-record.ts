/** What the service tells of one object by its `info` route, of the fields that are used here. */
export interface ObjectRecord {
  readonly name: string;
  /** A new one with every write of any kind, moves and copies included. */
  readonly version: string | undefined;
  /** Undefined for records without bytes, as SQL or a failed upload can leave them. */
  readonly size: number | undefined;
  readonly etag: string | undefined;
  readonly contentType: string | undefined;
  readonly cacheControl: string | undefined;
  /** Servers before 1.80 keep none. */
  readonly contentEncoding?: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly lastModified: Date;
}

/**
 * The answer of `info`; undefined when it is nothing of the kind. Older servers leave `last_modified` out of the body:
 * `fileTime`, the header, is the time of the last write as well, cut to seconds.
 */
export function recordOfInfo(json: unknown, fileTime?: string): ObjectRecord | undefined {
  if (!isRecord(json) || typeof json["name"] !== "string") return undefined;
  return {
    name: json["name"],
    version: text(json["version"]),
    size: count(json["size"]),
    etag: unquoted(text(json["etag"])),
    contentType: text(json["content_type"]),
    cacheControl: text(json["cache_control"]),
    contentEncoding: text(json["content_encoding"]),
    userMetadata: isRecord(json["metadata"]) ? json["metadata"] : {},
    lastModified: dateOf(json["last_modified"], fileTime, json["created_at"]),
  };
}

/** A database row, as listings, copies and removals answer it; undefined when it is nothing of the kind. */
export function recordOfRow(json: unknown): ObjectRecord | undefined {
  if (!isRecord(json) || typeof json["name"] !== "string") return undefined;
  const stored = isRecord(json["metadata"]) ? json["metadata"] : {};
  return {
    name: json["name"],
    version: text(json["version"]),
    size: count(stored["size"]) ?? count(stored["contentLength"]),
    etag: unquoted(text(stored["eTag"])),
    contentType: text(stored["mimetype"]),
    cacheControl: text(stored["cacheControl"]),
    contentEncoding: text(stored["contentEncoding"]),
    userMetadata: isRecord(json["user_metadata"]) ? json["user_metadata"] : {},
    lastModified: dateOf(json["updated_at"], json["created_at"]),
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An ETag without its quotes; the mark of a weak one stays: RFC 9110 §8.8.3. */
export function unquoted(etag: string | undefined): string | undefined {
  return etag?.replace(/^(W\/)?"(.*)"$/, "$1$2");
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Some rows hold their numbers as text (`parseMetadataNumber` in supabase/storage, src/storage/renderer/head.ts). */
function count(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** The first of the texts that is a date; the beginning of time for a record without any. */
function dateOf(...values: readonly unknown[]): Date {
  for (const value of values) {
    const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
    if (!Number.isNaN(time)) return new Date(time);
  }
  return new Date(0);
}
