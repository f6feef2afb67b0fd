import {
  StorageError,
  type Checksum,
  type ChecksumAlgorithm,
  type Checksums,
  type Metadata,
  type ObjectInfo,
  type ReadConditionOptions,
  type SystemHeaders,
} from "@bucketferry/storage-core";
import type { RequestHeaders } from "./s3-client.ts";
import type { WriteCondition } from "./s3-failures.ts";
import type { AnswerHeaders } from "./s3-lane.ts";
import type { S3Profile } from "./s3-profiles.ts";

const METADATA = "x-amz-meta-";
const CHECKSUM = "x-amz-checksum-";

/** An ETag as the contract has it: without quotes, a weak one with its mark. Services also send it unquoted, or empty. */
export function etagOf(header: string | undefined): string {
  if (header === undefined) return "";
  const mark = header.startsWith("W/") ? "W/" : "";
  const isQuoted = header.length > mark.length + 1 && header[mark.length] === '"' && header.endsWith('"');
  return isQuoted ? mark + header.slice(mark.length + 1, -1) : header;
}

function quotedETag(etag: string): string {
  return etag.startsWith("W/") ? `W/"${etag.slice(2)}"` : `"${etag}"`;
}

/** What is stored beside the bytes. The type is always sent: services differ in what they take for a missing one. */
export function storedHeaders(
  {
    contentType,
    cacheControl,
    contentDisposition,
    contentEncoding,
    contentLanguage,
    metadata,
  }: SystemHeaders & {
    readonly metadata?: Metadata | undefined;
  },
  defaultContentType: string,
): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {
    "content-type": contentType ?? defaultContentType,
    "cache-control": cacheControl,
    "content-disposition": contentDisposition,
    "content-encoding": contentEncoding,
    "content-language": contentLanguage,
  };
  if (metadata !== undefined) {
    for (const [name, value] of Object.entries(metadata)) headers[METADATA + name] = value;
  }
  for (const [name, value] of Object.entries(headers)) {
    // Signature Version 4 folds white space before it signs, and services differ in what a tab becomes.
    if (value?.includes("\t") === true) {
      throw new StorageError("InvalidArgument", `${name} holds a tab. Replace it by a space, or encode the value`);
    }
  }
  return headers;
}

export interface WriteConditionOptions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: "*" | undefined;
}

export function writeCondition({ ifMatch, ifNoneMatch }: WriteConditionOptions): WriteCondition | undefined {
  if (ifNoneMatch !== undefined) return "create";
  return ifMatch === undefined ? undefined : "replace";
}

export function writeConditionHeaders(options: WriteConditionOptions, profile: S3Profile): RequestHeaders {
  const { ifMatch, ifNoneMatch } = options;
  if (ifMatch === undefined) return ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch };
  return { "if-match": profile.quotedIfMatch ? quotedETag(ifMatch) : ifMatch };
}

export function readConditionHeaders(options: ReadConditionOptions): RequestHeaders {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = options;
  return {
    "if-match": ifMatch === undefined ? undefined : quotedETag(ifMatch),
    "if-none-match": ifNoneMatch === undefined ? undefined : quotedETag(ifNoneMatch),
    "if-modified-since": ifModifiedSince?.toUTCString(),
    "if-unmodified-since": ifUnmodifiedSince?.toUTCString(),
  };
}

/**
 * Holds the conditions of a read against what was read. The answer names the version that it carries, so this is as
 * atomic as the service's own check, and it also works where a service does not know the header. RFC 9110 §13.2.2.
 */
export function demandReadConditions(options: ReadConditionOptions, info: ObjectInfo): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = options;
  const changed = seconds(info.lastModified);
  const stale =
    ifMatch === undefined
      ? ifUnmodifiedSince !== undefined && changed > seconds(ifUnmodifiedSince)
      : strong(ifMatch) !== strong(info.etag);
  if (stale) throw new StorageError("PreconditionFailed", "the object is not the one that was demanded");
  const known =
    ifNoneMatch === undefined
      ? ifModifiedSince !== undefined && changed <= seconds(ifModifiedSince)
      : strong(ifNoneMatch) === strong(info.etag);
  if (known) throw new StorageError("NotModified", "the object is the one that is known already");
}

/** HTTP dates have no fractions. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function strong(etag: string): string {
  return etag.startsWith("W/") ? etag.slice(2) : etag;
}

/** The headers of one checksum that the service shall verify; `payloadSha256` is signed in the place of the body's hash. */
export function checksumHeaders(
  checksum: Checksum | undefined,
  profile: S3Profile,
): { readonly headers: RequestHeaders; readonly payloadSha256?: string } {
  if (checksum === undefined) return { headers: {} };
  const { algorithm, value } = checksum;
  if (algorithm === "md5") return { headers: { "content-md5": Buffer.from(value, "hex").toString("base64") } };
  const headers = profile.checksumHeaders.includes(algorithm) ? { [CHECKSUM + algorithm]: value } : {};
  return algorithm === "sha256"
    ? { headers, payloadSha256: Buffer.from(value, "base64").toString("hex") }
    : { headers };
}

/** What a GET or HEAD says of an object. @throws StorageError `Unavailable` when the answer lacks what every object has */
export function objectInfo(key: string, headers: AnswerHeaders, size: number, profile: S3Profile): ObjectInfo {
  const lastModified = new Date(headers["last-modified"] ?? Number.NaN);
  const etag = etagOf(headers["etag"]);
  if (Number.isNaN(lastModified.getTime()) || etag === "") {
    throw new StorageError("Unavailable", "the answer names no ETag or no time of change, so it is not an object's");
  }
  return {
    key,
    size,
    etag,
    lastModified,
    version: versionOf(headers),
    contentType: headers["content-type"],
    cacheControl: headers["cache-control"],
    contentDisposition: headers["content-disposition"],
    contentEncoding: storedEncoding(headers["content-encoding"]),
    contentLanguage: headers["content-language"],
    metadata: metadataOf(headers),
    checksums: checksumsOf(headers, profile),
  };
}

/** `null` is S3's word for the version of an object in a bucket without versions. */
export function versionOf(headers: AnswerHeaders): string | undefined {
  const version = headers["x-amz-version-id"];
  return version === "null" ? undefined : version;
}

/** `aws-chunked` is how an upload was framed, and some services keep it as if it belonged to the object. */
export function storedEncoding(header: string | undefined): string | undefined {
  if (header === undefined || !header.includes("aws-chunked")) return header;
  const tokens = header.split(",").map((token) => token.trim());
  return tokens.filter((token) => token !== "" && token !== "aws-chunked").join(", ") || undefined;
}

function metadataOf(headers: AnswerHeaders): Metadata {
  const pairs: [string, string][] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && name.startsWith(METADATA)) pairs.push([name.slice(METADATA.length), value]);
  }
  return Object.fromEntries(pairs);
}

/** Checksums of the whole object, or, marked so, of its parts' checksums. Undefined when the service says none. */
export function checksumsOf(headers: AnswerHeaders, profile: S3Profile): Checksums | undefined {
  const found: Partial<Record<ChecksumAlgorithm, string>> = {};
  for (const algorithm of profile.checksumHeaders) {
    const value = headers[CHECKSUM + algorithm];
    if (value !== undefined) found[algorithm] = value;
  }
  const composite =
    headers["x-amz-checksum-type"] === "COMPOSITE" || Object.values(found).some((value) => /-\d+$/.test(value));
  const md5 = composite ? undefined : md5OfETag(headers, profile);
  if (md5 !== undefined) found.md5 = md5;
  return Object.keys(found).length === 0 ? undefined : { ...found, type: composite ? "composite" : "full" };
}

/** The ETag of parts has a hyphen; that of an encrypted object is no hash of its bytes. */
export function md5OfETag(headers: AnswerHeaders, { md5ETag }: S3Profile): string | undefined {
  const etag = etagOf(headers["etag"]);
  if (!/^[0-9a-f]{32}$/.test(etag)) return undefined;
  const encryption = headers["x-amz-server-side-encryption"];
  const customerKey = headers["x-amz-server-side-encryption-customer-algorithm"];
  const isMd5 = {
    always: true,
    unlessKms: customerKey === undefined && encryption?.startsWith("aws:") !== true,
    unlessEncrypted: customerKey === undefined && encryption === undefined,
    never: false,
  }[md5ETag];
  return isMd5 ? etag : undefined;
}
