import type { ChecksumType } from "./checksums.ts";
import type { OperationName } from "./operation-names.ts";

/** `ignored` is the dangerous one: the service does the write as if nothing had been asked. */
export type Support = "honoured" | "ignored" | "notImplemented";

/**
 * How a service departs from AWS's documentation, as data. Sources: each service's own compatibility page, and for
 * Ceph what a gateway of that version answered.
 */
export interface Profile {
  readonly name: string;
  /** Conditions on writes, each by itself, since services support some and ignore others. */
  readonly conditions: {
    readonly putIfNoneMatch: Support;
    /** `unquoted`: honoured, but an ETag in quotes never matches. */
    readonly putIfMatch: Support | "unquoted";
    readonly complete: Support;
    readonly copy: Support;
    readonly copySource: Support;
    /** Of the source of a part. */
    readonly partCopySource: Support;
    readonly delete: Support;
  };
  /** Answer to If-Match on a key without an object. */
  readonly ifMatchOnMissing: "NoSuchKey" | "PreconditionFailed";
  /**
   * `ignored`: taken, but neither checked nor stored; `announced`: checked and stored if `x-amz-sdk-checksum-algorithm`
   * names the algorithm, else ignored.
   */
  readonly checksums: "verified" | "announced" | "ignored" | "refused";
  /** Of an upload in parts that names an algorithm and no type, where the algorithm has both. */
  readonly checksumTypeOfParts: ChecksumType;
  /** Most that one request may bring or copy. */
  readonly maxBodyBytes: number;
  /** Puts and parts must carry `Content-MD5` or a checksum. */
  readonly digestsDemanded: boolean;
  /** Bodies in aws-chunked framing, which need no Content-Length of their own. */
  readonly chunkedBodies: boolean;
  /** Regions that a signature may name; `own`: the server's. */
  readonly regions: "own" | "any" | readonly string[];
  readonly plusInPath: "space" | "plus";
  readonly plusInCopySource: "space" | "plus";
  /** Largest page of a listing. */
  readonly maxListKeys: number;
  /** Any text is a token (it is taken as a key, or as one up to its first colon), or only one that the server issued. */
  readonly tokens: "opaque" | "keys" | "keysUpToColon";
  /** Of the standard headers: all are stored with an object, or those two, the cache policy with a value of its own where none was sent. */
  readonly storedHeaders: "all" | "typeAndCache";
  /** Whether HEAD says the length of an empty object. */
  readonly emptyLength: "told" | "untold";
  /** Names and values together. */
  readonly maxMetadataBytes: number;
  readonly underscoreInMetadata: "kept" | "dash";
  /** How values that are not ASCII come back. */
  readonly metadataText: "encodedWords" | "asSent";
  /** What is stored with `Content-Encoding: gzip` is given unpacked, and whole, unless a request says `Accept-Encoding: gzip`. */
  readonly unpacksGzip: boolean;
  /** What becomes of `aws-chunked`, which is of the transfer, in the stored Content-Encoding. */
  readonly framingInEncoding: "dropped" | "kept";
  readonly keyTooLong: "KeyTooLongError" | "InvalidObjectName";
  /** Keys that are refused, as a pattern, with the code of the refusal. */
  readonly refusedKeys:
    | { readonly pattern: RegExp; readonly code: "XMinioInvalidObjectName" | "InvalidKey" }
    | undefined;
  /** Whether an object `a` can live beside an object `a/b`. */
  readonly objectBesideFolder: boolean;
  /** What a new bucket has; `none`: the service has no Block Public Access. */
  readonly publicAccessBlock: "on" | "off" | "none";
  /** Whether RestrictPublicBuckets stops anonymous reads. */
  readonly restrictPublicBuckets: boolean;
  /** What an ACL header meets: AWS's default of disabled ACLs, or a service without any. */
  readonly acls: "disabled" | "notImplemented";
  /** ETag in the answer of CompleteMultipartUpload and CopyObject. */
  readonly completeEtag: "quoted" | "unquoted" | "empty";
  readonly copyEtag: "quoted" | "unquoted";
  readonly partNumbersLimited: boolean;
  readonly partOrderChecked: boolean;
  readonly equalParts: boolean;
  /** What `prefix` finds in a listing of uploads: all that begin so, or only those of the key that it is. */
  readonly uploadPrefix: "beginning" | "wholeKey";
  readonly partReads: boolean;
  /** Codes of ListParts and CompleteMultipartUpload on an upload that is gone. */
  readonly listPartsOfMissing: "NoSuchUpload" | "NoSuchKey";
  readonly completeOfMissing: "NoSuchUpload" | "InternalError";
  /** Whether ListParts says how long each part is. */
  readonly partSizes: "told" | "untold";
  /** What becomes of deleting a key that is not there: nothing, or errors, of which the one of many looks like a missing right. */
  readonly missingDeletes: "done" | "refused";
  /** A DeleteObjects that names a key which XML 1.0 cannot hold. */
  readonly deletesOutsideXml: "done" | "refused";
  /** Operations of this server that the service does not have. */
  readonly without: readonly OperationName[];
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const aws: Profile = {
  name: "aws",
  conditions: {
    putIfNoneMatch: "honoured",
    putIfMatch: "honoured",
    complete: "honoured",
    copy: "honoured",
    copySource: "honoured",
    partCopySource: "honoured",
    delete: "honoured",
  },
  ifMatchOnMissing: "NoSuchKey",
  checksums: "verified",
  checksumTypeOfParts: "COMPOSITE",
  maxBodyBytes: 5 * GIB,
  digestsDemanded: false,
  chunkedBodies: true,
  regions: "own",
  plusInPath: "space",
  plusInCopySource: "space",
  maxListKeys: 1000,
  tokens: "opaque",
  storedHeaders: "all",
  emptyLength: "told",
  maxMetadataBytes: 2048,
  underscoreInMetadata: "kept",
  metadataText: "encodedWords",
  unpacksGzip: false,
  framingInEncoding: "dropped",
  keyTooLong: "KeyTooLongError",
  refusedKeys: undefined,
  objectBesideFolder: true,
  publicAccessBlock: "on",
  restrictPublicBuckets: true,
  acls: "disabled",
  completeEtag: "quoted",
  copyEtag: "quoted",
  partNumbersLimited: true,
  partOrderChecked: true,
  equalParts: false,
  uploadPrefix: "beginning",
  partReads: true,
  listPartsOfMissing: "NoSuchUpload",
  completeOfMissing: "NoSuchUpload",
  partSizes: "told",
  missingDeletes: "done",
  deletesOutsideXml: "done",
  without: [],
};

/** Amazon S3 where a bucket has Object Lock with a default retention: https://github.com/s3tools/s3cmd/issues/1436 */
const awsObjectLock: Profile = { ...aws, name: "awsObjectLock", digestsDemanded: true };

/** Whether checksums are compared and kept at all. */
export function keepsChecksums({ checksums }: Profile): boolean {
  return checksums === "verified" || checksums === "announced";
}

const POLICY_OPERATIONS = [
  "PutBucketPolicy",
  "GetBucketPolicy",
  "DeleteBucketPolicy",
  "GetBucketPolicyStatus",
] as const;
const PUBLIC_ACCESS_BLOCK_OPERATIONS = [
  "PutPublicAccessBlock",
  "GetPublicAccessBlock",
  "DeletePublicAccessBlock",
] as const;

/** Ceph RADOS Gateway 16.2 (Debian bookworm). */
const ceph16: Profile = {
  ...aws,
  name: "ceph16",
  conditions: {
    putIfNoneMatch: "honoured",
    putIfMatch: "unquoted",
    complete: "ignored",
    copy: "ignored",
    copySource: "ignored",
    partCopySource: "ignored",
    delete: "ignored",
  },
  ifMatchOnMissing: "PreconditionFailed",
  checksums: "ignored",
  chunkedBodies: false,
  regions: "any",
  plusInPath: "plus",
  tokens: "keys",
  maxMetadataBytes: Number.POSITIVE_INFINITY,
  underscoreInMetadata: "dash",
  metadataText: "asSent",
  keyTooLong: "InvalidObjectName",
  publicAccessBlock: "off",
  restrictPublicBuckets: false,
  completeEtag: "empty",
  copyEtag: "unquoted",
  partNumbersLimited: false,
  partOrderChecked: false,
  partReads: false,
  listPartsOfMissing: "NoSuchKey",
  completeOfMissing: "InternalError",
  deletesOutsideXml: "refused",
};

/** Ceph 18.2 (Debian trixie): takes chunked bodies, drops the ETag's quotes where 16 sent none at all. */
const ceph18: Profile = {
  ...ceph16,
  name: "ceph18",
  conditions: { ...ceph16.conditions, copySource: "honoured" },
  chunkedBodies: true,
  framingInEncoding: "kept",
  underscoreInMetadata: "kept",
  completeEtag: "unquoted",
};

/** Ceph 20.2: checksums, conditions on complete and delete, RestrictPublicBuckets. */
const ceph20: Profile = {
  ...ceph18,
  name: "ceph20",
  conditions: {
    ...aws.conditions,
    copy: "ignored",
    partCopySource: "ignored",
  },
  ifMatchOnMissing: "NoSuchKey",
  checksums: "announced",
  checksumTypeOfParts: "FULL_OBJECT",
  framingInEncoding: "dropped",
  restrictPublicBuckets: true,
  completeEtag: "quoted",
  copyEtag: "quoted",
  maxListKeys: 5000,
};

/**
 * Cloudflare R2: https://developers.cloudflare.com/r2/api/s3/api/, …/r2/platform/limits/ (5 MiB less than 5 GiB), and
 * …/r2/api/s3/conditional-operations/ (copies have headers of R2's own for conditions, deletes have none).
 */
const r2: Profile = {
  ...aws,
  name: "r2",
  conditions: { ...aws.conditions, copy: "ignored", delete: "ignored" },
  maxBodyBytes: 5 * GIB - 5 * MIB,
  regions: ["auto", "us-east-1", ""],
  plusInPath: "plus",
  maxMetadataBytes: 8192,
  publicAccessBlock: "none",
  acls: "notImplemented",
  equalParts: true,
  without: [...POLICY_OPERATIONS, ...PUBLIC_ACCESS_BLOCK_OPERATIONS, "PostObject"],
};

/** Backblaze B2: https://www.backblaze.com/docs/cloud-storage-s3-compatible-api */
const b2: Profile = {
  ...aws,
  name: "b2",
  conditions: {
    putIfNoneMatch: "notImplemented",
    putIfMatch: "notImplemented",
    complete: "notImplemented",
    copy: "notImplemented",
    copySource: "honoured",
    partCopySource: "honoured",
    delete: "notImplemented",
  },
  checksums: "refused",
  chunkedBodies: false,
  plusInPath: "plus",
  publicAccessBlock: "none",
  acls: "notImplemented",
  without: [...POLICY_OPERATIONS, ...PUBLIC_ACCESS_BLOCK_OPERATIONS],
};

/**
 * Google Cloud Storage by its XML API: https://cloud.google.com/storage/docs/transcoding, …/storage/docs/xml-api/reference-headers
 * (conditions of writes have headers of their own).
 */
const gcs: Profile = {
  ...aws,
  name: "gcs",
  conditions: {
    putIfNoneMatch: "ignored",
    putIfMatch: "ignored",
    complete: "ignored",
    copy: "ignored",
    copySource: "ignored",
    partCopySource: "ignored",
    delete: "ignored",
  },
  checksums: "ignored",
  regions: ["auto"],
  plusInPath: "plus",
  unpacksGzip: true,
  publicAccessBlock: "none",
  acls: "notImplemented",
  without: [...POLICY_OPERATIONS, ...PUBLIC_ACCESS_BLOCK_OPERATIONS, "UploadPartCopy"],
};

/** MinIO: https://min.io/docs/minio/linux/operations/concepts/thresholds.html, https://github.com/minio/minio/issues/20989 (uploads) */
const minio: Profile = {
  ...aws,
  name: "minio",
  conditions: { ...aws.conditions, delete: "ignored" },
  plusInPath: "plus",
  refusedKeys: {
    pattern: /^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)|[^/]{256,}/,
    code: "XMinioInvalidObjectName",
  },
  objectBesideFolder: false,
  uploadPrefix: "wholeKey",
  publicAccessBlock: "none",
  acls: "notImplemented",
  without: PUBLIC_ACCESS_BLOCK_OPERATIONS,
};

/**
 * Supabase Storage by its S3 endpoint, in the manner of its older versions, which refuse to delete what is not there:
 * https://supabase.com/docs/guides/storage/s3/compatibility, https://github.com/supabase/storage (`src/storage/protocols/s3`)
 */
const supabase: Profile = {
  ...aws,
  name: "supabase",
  conditions: gcs.conditions,
  checksums: "ignored",
  regions: ["us-east-1", "auto", ""],
  plusInPath: "plus",
  plusInCopySource: "plus",
  tokens: "keysUpToColon",
  storedHeaders: "typeAndCache",
  emptyLength: "untold",
  metadataText: "asSent",
  refusedKeys: { pattern: /[^\w/!.*'() &$@=;:+,?-]/, code: "InvalidKey" },
  publicAccessBlock: "none",
  acls: "notImplemented",
  equalParts: true,
  partReads: false,
  partSizes: "untold",
  missingDeletes: "refused",
  without: [...POLICY_OPERATIONS, ...PUBLIC_ACCESS_BLOCK_OPERATIONS],
};

export const PROFILES = {
  aws,
  awsObjectLock,
  ceph16,
  ceph18,
  ceph20,
  r2,
  b2,
  minio,
  gcs,
  supabase,
} as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof PROFILES;
