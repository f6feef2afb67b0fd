import { randomUUID } from "node:crypto";
import { failures } from "./api-error.ts";
import type { Digest } from "./content.ts";
import type { Service } from "./exchange.ts";
import { type Caller, deniedByPolicy } from "./policies.ts";
import type { JsonObject, ObjectRow } from "./rows.ts";
import type { Body } from "../store/index.ts";

/**
 * Whether the caller may write this key, tried before the body is read. PostgreSQL asks the policies before it looks for
 * duplicates, and for duplicates before it looks for the bucket.
 */
export function checkWrite(
  service: Service,
  caller: Caller,
  target: { readonly bucket: string; readonly key: string; readonly upsert: boolean },
): void {
  const { bucket, key, upsert } = target;
  const existing = service.rows.object(bucket, key);
  const mine = { table: "objects", bucket, key, ownerId: caller.sub ?? null } as const;
  const may = (command: "insert" | "select" | "update", ownerId = mine.ownerId): boolean =>
    service.security.may(caller, { ...mine, command, ownerId });

  if (!may("insert")) throw deniedByPolicy();
  if (upsert && !may("select")) throw deniedByPolicy();
  if (existing !== undefined) {
    if (!upsert) throw failures.keyAlreadyExists();
    if (!may("update", existing.attributes.ownerId)) throw deniedByPolicy();
  }
  if (service.rows.bucket(bucket) === undefined) throw failures.relatedResourceMissing();
}

export interface NewContent {
  readonly bucket: string;
  readonly key: string;
  readonly body: Body;
  readonly digest: Digest;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly contentEncoding?: string | undefined;
  readonly xRobotsTag: string | null;
  /** Undefined: a row that is there keeps what it has. */
  readonly userMetadata: JsonObject | null | undefined;
  readonly ownerId: string | null;
  /** Undefined: a new one. */
  readonly version?: string;
}

/**
 * Writes the row over whatever is there by now: the look for duplicates came before the body, so the last of several
 * parallel creates wins. A bucket that went away meanwhile takes the row with it.
 */
export function commitObject(service: Service, content: NewContent): ObjectRow {
  const bucket = service.rows.bucket(content.bucket);
  if (bucket === undefined) throw failures.relatedResourceMissing();
  const existing = service.rows.object(content.bucket, content.key)?.attributes;
  const nowUs = service.clock.nextUs();
  const { contentType, cacheControl, xRobotsTag, ownerId, digest } = content;
  return service.rows.put(bucket, content.key, content.body, {
    id: existing?.id ?? randomUUID(),
    version: content.version ?? randomUUID(),
    ownerId: ownerId ?? existing?.ownerId ?? null,
    contentType,
    cacheControl,
    ...(content.contentEncoding === undefined ? {} : { contentEncoding: content.contentEncoding }),
    ...digest,
    xRobotsTag,
    userMetadata: content.userMetadata === undefined ? (existing?.userMetadata ?? null) : content.userMetadata,
    createdAtUs: existing?.createdAtUs ?? nowUs,
    updatedAtUs: nowUs,
    fileTimeUs: fileTime(nowUs, service.settings.backend),
  });
}

/** A file knows its time to the nanosecond; S3 to the second. */
export function fileTime(us: number, backend: "file" | "s3"): number {
  return backend === "file" ? us : us - (us % 1_000_000);
}
