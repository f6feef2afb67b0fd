import type { Capabilities, ChecksumAlgorithm, KeyRules } from "@bucketferry/storage-core";

/**
 * What sets one S3 service apart from the others, as data: the code asks a profile what it can do, never who it is.
 *
 * A `true` was seen on a real server or is documented by its maker. What nobody has shown is `false`: a server that does
 * not know a condition overwrites in silence, and one that does not know a sub-resource does the plain operation, so
 * `DELETE bucket?something` may delete the bucket. Therefore nothing is ever tried to see whether it works.
 */
export interface S3Profile {
  readonly title: string;
  /** Endpoints by which the profile is guessed, as `host/path`; absent: only by name. */
  readonly endpoints?: RegExp;
  /** The region when none is given: a fixed one, or the first group of this expression in the endpoint's host. */
  readonly region: string | RegExp | undefined;
  /** Buckets are addressed as `bucket.host/key` rather than `host/bucket/key`. */
  readonly virtualHosts: boolean;
  /** `CreateBucket` outside of us-east-1 must name the region. */
  readonly locationConstraint: boolean;
  /** New buckets get a `PublicAccessBlock`: the service has one, and it does no harm to plain puts. */
  readonly publicAccessBlock: boolean;
  /** `If-Match` on a put wants the quotes of the ETag; Ceph before 20 fails with them. */
  readonly quotedIfMatch: boolean;
  /** Conditions on a put hold in a bucket that keeps versions too. */
  readonly conditionsWithVersions: boolean;
  /** When the ETag of an object that was put in one request is the MD5 of its bytes. */
  readonly md5ETag: "always" | "unlessKms" | "unlessEncrypted" | "never";
  /** Algorithms whose `x-amz-checksum-…` header is verified and kept. */
  readonly checksumHeaders: readonly ChecksumAlgorithm[];
  /**
   * Bodies in memory carry `Content-MD5` where they have no other checksum: it is not known that the signed hash is verified, or a
   * bucket with Object Lock may demand it, of puts and of parts (https://github.com/s3tools/s3cmd/issues/1436).
   */
  readonly contentMd5: boolean;
  /** The most that one PUT, one CopyObject or one part takes. */
  readonly maxSingleBytes: number;
  /** All parts but the last must have the same size. */
  readonly equalParts: boolean;
  /** A listing of uploads by a prefix has all that begin so; else only those of the key that it is. */
  readonly uploadsByPrefix: boolean;
  /** A bare `+` in the path of a URL means a space. */
  readonly plusIsSpace: boolean;
  /** Has `UploadPartCopy`, without which copies beyond one CopyObject are refused. */
  readonly partCopy: boolean;
  /** `x-amz-copy-source` is decoded by every version of the service; else no more of it is encoded than a header needs. */
  readonly decodesCopySource: boolean;
  /** Continuation tokens are cut at the first colon of the key in them, so that a page may begin again with keys of the one before. */
  readonly cutsTokens: boolean;
  /** Of many deletes in one request, those of keys that are not there are answered as if a right were missing. */
  readonly deniesMissingDeletes: boolean;
  /** What to accept so that stored bytes come as they are: some services unpack gzip for whoever does not take it. */
  readonly acceptEncoding: "identity" | "gzip";
  /** A HEAD of an empty object has no `Content-Length`. */
  readonly emptyHeadHasNoLength: boolean;
  readonly capabilities: Omit<Capabilities, "maxPutBytes" | "publicUrl">;
}

export type S3ProfileName = "aws" | "r2" | "minio" | "ceph" | "b2" | "gcs" | "supabase-s3" | "generic";

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

/** The most that one PUT and one CopyObject take of any service. */
export const MAX_SINGLE_BYTES = 5 * GIB;

/**
 * What XML 1.0 can hold (https://www.w3.org/TR/xml/#charsets). Other characters can be stored, but one such key makes a
 * whole DeleteObjects request fail, and a listing without `encoding-type=url` unreadable.
 */
export const XML_CHARACTERS = String.raw`[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]`;

const READ_CONDITIONS = { ifMatch: true, ifNoneMatch: true, ifModifiedSince: true, ifUnmodifiedSince: true };

const ALL_SYSTEM_HEADERS = {
  contentType: true,
  cacheControl: true,
  contentDisposition: true,
  contentEncoding: true,
  contentLanguage: true,
};

const EXACT_KEYS: KeyRules = {
  maxBytes: 1024,
  maxSegmentBytes: 1024,
  charset: XML_CHARACTERS,
  dotSegments: true,
  leadingSlash: true,
  trailingSlash: true,
  doubleSlash: true,
  caseSensitive: true,
  unicodeForms: "distinct",
  objectBesideFolder: true,
  reserved: undefined,
};

const CAREFUL_KEYS: KeyRules = { ...EXACT_KEYS, dotSegments: false, leadingSlash: false, doubleSlash: false };

/** The least that everything which calls itself S3 has shown to do. */
const GENERIC: S3Profile["capabilities"] = {
  conditionalPut: { create: false, replace: false },
  conditionalMultipart: { create: false, replace: false },
  // True everywhere: the answer names the object's ETag and time, so the condition is held against the answer itself.
  conditionalGet: READ_CONDITIONS,
  conditionalHead: READ_CONDITIONS,
  conditionalDelete: false,
  conditionalCopy: { create: false, replace: false, source: false },
  versions: false,
  range: { bounded: true, suffix: true },
  metadata: { maxBytes: 2 * KIB, keyCharset: "[a-z0-9-]", values: "ascii" },
  systemHeaders: ALL_SYSTEM_HEADERS,
  defaultContentType: "application/octet-stream",
  // `Content-MD5` is sent, yet some servers that call themselves S3 store whatever comes with it.
  checksums: { onPut: [], reported: [] },
  multipart: { minPartBytes: 5 * MIB, maxPartBytes: 5 * GIB, maxParts: 10_000, gaps: false },
  maxObjectBytes: 5 * TIB,
  keys: CAREFUL_KEYS,
  list: { ordered: false, delimiter: "slash", startAfter: true, pageSize: 1000 },
  deleteMany: { batch: 1000 },
  serverSideCopy: { maxBytes: MAX_SINGLE_BYTES, crossBucket: true },
  presign: {
    get: true,
    put: true,
    post: false,
    head: true,
    delete: true,
    maxExpirySeconds: 7 * 24 * 60 * 60,
    bindsLength: true,
    bindsType: true,
    responseOverrides: false,
    uploadExpiry: true,
  },
  readAfterWrite: true,
  remote: true,
  credentials: true,
  transformsBody: false,
};

const GENERIC_PROFILE: S3Profile = {
  title: "any other S3 service",
  region: "us-east-1",
  virtualHosts: false,
  locationConstraint: false,
  publicAccessBlock: false,
  quotedIfMatch: true,
  conditionsWithVersions: true,
  md5ETag: "never",
  checksumHeaders: [],
  contentMd5: true,
  maxSingleBytes: MAX_SINGLE_BYTES,
  equalParts: true,
  uploadsByPrefix: true,
  plusIsSpace: false,
  partCopy: false,
  decodesCopySource: true,
  cutsTokens: false,
  deniesMissingDeletes: false,
  acceptEncoding: "identity",
  emptyHeadHasNoLength: false,
  capabilities: GENERIC,
};

const R2_SINGLE_BYTES = 5 * GIB - 5 * MIB;
const R2_OBJECT_BYTES = 5 * TIB - 5 * GIB;

const CREATE_AND_REPLACE = { create: true, replace: true };

export const S3_PROFILES: Readonly<Record<S3ProfileName, S3Profile>> = {
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html, …/checking-object-integrity.html */
  aws: {
    ...GENERIC_PROFILE,
    title: "Amazon S3",
    endpoints: /(^|[.])s3[a-z0-9.-]*[.]amazonaws[.](com|com[.]cn|eu)\//,
    region: /[.-]((?:eusc|[a-z]{2})(?:-[a-z]+)+-\d)[.]amazonaws[.]/,
    virtualHosts: true,
    locationConstraint: true,
    publicAccessBlock: true,
    md5ETag: "unlessKms",
    checksumHeaders: ["sha256", "sha1", "crc32", "crc32c", "crc64nvme"],
    equalParts: false,
    plusIsSpace: true,
    partCopy: true,
    capabilities: {
      ...GENERIC,
      conditionalPut: CREATE_AND_REPLACE,
      conditionalMultipart: CREATE_AND_REPLACE,
      conditionalDelete: true,
      conditionalCopy: { create: true, replace: true, source: true },
      versions: true,
      metadata: { maxBytes: 2 * KIB, keyCharset: "[a-z0-9_.-]", values: "ascii" },
      checksums: {
        onPut: ["md5", "sha256", "sha1", "crc32", "crc32c", "crc64nvme"],
        reported: ["md5", "sha256", "sha1", "crc32", "crc32c", "crc64nvme"],
      },
      multipart: { minPartBytes: 5 * MIB, maxPartBytes: 5 * GIB, maxParts: 10_000, gaps: true },
      maxObjectBytes: 50_000 * GIB,
      // A key that climbs above the bucket is refused: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
      keys: { ...EXACT_KEYS, reserved: String.raw`^(?:\.\/)*\.\.(?:\/|$)` },
      list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
      serverSideCopy: { maxBytes: 50_000 * GIB, crossBucket: true },
      presign: { ...GENERIC.presign, post: true, responseOverrides: true },
    },
  },

  /** https://developers.cloudflare.com/r2/api/s3/api/, …/r2/platform/limits/, …/r2/api/s3/conditional-operations/ */
  r2: {
    ...GENERIC_PROFILE,
    title: "Cloudflare R2",
    endpoints: /[.]r2[.]cloudflarestorage[.]com\//,
    region: "auto",
    md5ETag: "unlessEncrypted",
    maxSingleBytes: R2_SINGLE_BYTES,
    partCopy: true,
    capabilities: {
      ...GENERIC,
      conditionalPut: CREATE_AND_REPLACE,
      conditionalMultipart: CREATE_AND_REPLACE,
      multipart: { minPartBytes: 5 * MIB, maxPartBytes: R2_SINGLE_BYTES, maxParts: 10_000, gaps: false },
      metadata: { maxBytes: 8 * KIB, keyCharset: "[a-z0-9-]", values: "ascii" },
      checksums: { onPut: ["md5"], reported: ["md5"] },
      maxObjectBytes: R2_OBJECT_BYTES,
      // https://developers.cloudflare.com/r2/reference/unicode-interoperability/
      keys: { ...CAREFUL_KEYS, unicodeForms: "same" },
      list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
      serverSideCopy: { maxBytes: R2_OBJECT_BYTES, crossBucket: true },
      presign: { ...GENERIC.presign, responseOverrides: true },
    },
  },

  /** https://min.io/docs/minio/linux/operations/concepts/thresholds.html, https://github.com/minio/minio/issues/20989 (uploads) */
  minio: {
    ...GENERIC_PROFILE,
    title: "MinIO",
    endpoints: /(^|[.])min[.]io\//,
    md5ETag: "unlessEncrypted",
    contentMd5: false,
    equalParts: false,
    uploadsByPrefix: false,
    partCopy: true,
    capabilities: {
      ...GENERIC,
      conditionalPut: CREATE_AND_REPLACE,
      versions: true,
      metadata: { maxBytes: 2 * KIB, keyCharset: "[a-z0-9_.-]", values: "ascii" },
      checksums: { onPut: ["md5", "sha256"], reported: ["md5"] },
      multipart: { minPartBytes: 5 * MIB, maxPartBytes: 5 * GIB, maxParts: 10_000, gaps: true },
      keys: { ...CAREFUL_KEYS, maxSegmentBytes: 255, objectBesideFolder: false },
      list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
      serverSideCopy: { maxBytes: 5 * TIB, crossBucket: true },
      presign: { ...GENERIC.presign, post: true, responseOverrides: true },
    },
  },

  /**
   * RADOS Gateway, what is true from 16 to 20. Left out since one of them ignores it: conditions on complete (16, 18), on copy
   * (all), on delete (16, 18), of a copy's source (16); kept checksums (16, 18); underscores in metadata names (16).
   * https://docs.ceph.com/en/latest/radosgw/s3/
   */
  ceph: {
    ...GENERIC_PROFILE,
    title: "Ceph RADOS Gateway",
    // Ceph 16 answers every plain put with 403 once BlockPublicAcls is set; its buckets are private without it.
    publicAccessBlock: false,
    quotedIfMatch: false,
    // Seen on 16 and 18: in a bucket with versions `If-None-Match: *` overwrites and `If-Match` never matches. 20 heeds both.
    conditionsWithVersions: false,
    md5ETag: "unlessEncrypted",
    contentMd5: false,
    equalParts: false,
    partCopy: true,
    capabilities: {
      ...GENERIC,
      conditionalPut: CREATE_AND_REPLACE,
      versions: true,
      checksums: { onPut: ["md5", "sha256"], reported: ["md5"] },
      multipart: { minPartBytes: 5 * MIB, maxPartBytes: 5 * GIB, maxParts: 10_000, gaps: true },
      keys: EXACT_KEYS,
      list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
      serverSideCopy: { maxBytes: 5 * TIB, crossBucket: true },
      presign: { ...GENERIC.presign, post: true, responseOverrides: true },
    },
  },

  /** https://www.backblaze.com/docs/cloud-storage-s3-compatible-api */
  b2: {
    ...GENERIC_PROFILE,
    title: "Backblaze B2",
    endpoints: /(^|[.])s3[.][a-z0-9-]+[.]backblazeb2[.]com\//,
    region: /(?:^|[.])s3[.]([a-z0-9-]+)[.]backblazeb2[.]com/,
    partCopy: true,
    capabilities: {
      ...GENERIC,
      serverSideCopy: { maxBytes: 5 * TIB, crossBucket: true },
      versions: true,
      checksums: { onPut: ["md5"], reported: [] },
      list: { ordered: true, delimiter: "slash", startAfter: true, pageSize: 1000 },
    },
  },

  /**
   * https://cloud.google.com/storage/docs/xml-api/get-bucket-list (order, delimiters), …/put-object-multipart (Content-MD5),
   * …/storage/docs/transcoding, …/storage/docs/objects#naming. The region is that of Google's own samples for the AWS SDKs.
   */
  gcs: {
    ...GENERIC_PROFILE,
    title: "Google Cloud Storage",
    endpoints: /(^|[.])storage[.]googleapis[.]com\//,
    region: "auto",
    acceptEncoding: "gzip",
    capabilities: {
      ...GENERIC,
      checksums: { onPut: ["md5"], reported: [] },
      keys: {
        ...CAREFUL_KEYS,
        charset: String.raw`[\t\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]`,
        reserved: String.raw`^\.well-known\/acme-challenge\/`,
      },
      list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
    },
  },

  /**
   * Keeps only content type and cache policy of the headers, ignores conditions and checksums, and loses keys when a page of a
   * listing with a delimiter ends beside one: https://supabase.com/docs/guides/storage/s3/compatibility
   */
  "supabase-s3": {
    ...GENERIC_PROFILE,
    title: "Supabase Storage by its S3 endpoint",
    endpoints: /\/storage\/v1\/s3\/$/,
    contentMd5: false,
    decodesCopySource: false,
    cutsTokens: true,
    deniesMissingDeletes: true,
    emptyHeadHasNoLength: true,
    capabilities: {
      ...GENERIC,
      systemHeaders: {
        ...ALL_SYSTEM_HEADERS,
        contentDisposition: false,
        contentEncoding: false,
        contentLanguage: false,
      },
      keys: { ...CAREFUL_KEYS, charset: String.raw`[\w/!.*'() &$@=;:+,?-]`, trailingSlash: false },
      list: { ordered: false, delimiter: false, startAfter: true, pageSize: 1000 },
      presign: { ...GENERIC.presign, delete: false, responseOverrides: true },
    },
  },

  generic: GENERIC_PROFILE,
};

/** The profile that an endpoint's host tells; Amazon S3 when there is no endpoint at all. */
export function guessProfile(
  endpoint: { readonly host: string; readonly basePath: string } | undefined,
): S3ProfileName {
  if (endpoint === undefined) return "aws";
  const text = `${endpoint.host.replace(/:\d+$/, "")}${endpoint.basePath}/`;
  for (const [name, { endpoints }] of Object.entries(S3_PROFILES)) {
    if (endpoints?.test(text) === true) return name as S3ProfileName;
  }
  return "generic";
}
