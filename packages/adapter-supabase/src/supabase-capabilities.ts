import type { Capabilities } from "@bucketferry/storage-core";
import { DELETE_BATCH } from "./supabase-delete.ts";
import { LIST_PAGE_SIZE } from "./supabase-listing.ts";
import type { ResolvedSupabaseOptions } from "./supabase-options.ts";
import { MAX_EXPIRY_SECONDS } from "./supabase-presign.ts";
import { DEFAULT_CONTENT_TYPE } from "./upload-headers.ts";
import { MAX_METADATA_BYTES, METADATA_KEY_CHARSET } from "./user-metadata.ts";

const NONE = { create: false, replace: false };

/** https://supabase.com/docs/guides/storage/uploads/file-limits */
const MAX_OBJECT_BYTES = 500_000_000_000;
/** What S3 copies in one request, and the service makes no more than one. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** A hosted project's bytes lie in S3 under `<project>/<bucket>/<key>/<version>`, which has 1,024 bytes of room. */
const S3_KEY_BYTES = 1024;
const PROJECT_AND_VERSION_BYTES = "abcdefghijklmnopqrst".length + "00000000-0000-0000-0000-000000000000".length + 3;

const ASCII_CHARSET = "[A-Za-z0-9_/!.*'() &$@=;:+,?-]";
/** All but control characters, what S3 advises against, and what nobody sees. */
const UNICODE_CHARSET = String.raw`[^\u0000-\u001f\u007f-\u009f#\[\]\{\}^\x60"<>\\\|%~\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]`;

/** What holds for every version and backend (files or S3) of the service; nobody is asked. */
export function supabaseCapabilities({
  bucket,
  resumableAboveBytes,
  unicodeKeys,
}: ResolvedSupabaseOptions): Capabilities {
  return {
    // `x-upsert: false` asks first and writes later: of parallel creates several succeed.
    conditionalPut: NONE,
    conditionalMultipart: NONE,
    conditionalGet: { ifMatch: false, ifNoneMatch: true, ifModifiedSince: false, ifUnmodifiedSince: false },
    // Descriptions come from a route that knows no conditions.
    conditionalHead: { ifMatch: false, ifNoneMatch: false, ifModifiedSince: false, ifUnmodifiedSince: false },
    conditionalDelete: false,
    conditionalCopy: { ...NONE, source: false },
    versions: false,
    range: { bounded: true, suffix: true },
    metadata: { maxBytes: MAX_METADATA_BYTES, keyCharset: METADATA_KEY_CHARSET, values: "utf8" },
    systemHeaders: {
      contentType: true,
      cacheControl: true,
      contentDisposition: false,
      contentEncoding: false,
      contentLanguage: false,
    },
    defaultContentType: DEFAULT_CONTENT_TYPE,
    // The ETag is an MD5 on some deployments and for some sizes, which makes it none that can be relied on.
    checksums: { onPut: [], reported: [] },
    // The resumable protocol takes pieces in their order only, and cannot say afterwards where they were cut.
    multipart: false,
    maxObjectBytes: MAX_OBJECT_BYTES,
    maxPutBytes: resumableAboveBytes,
    keys: {
      maxBytes: Math.min(900, S3_KEY_BYTES - PROJECT_AND_VERSION_BYTES - Buffer.byteLength(bucket)),
      // Over files, every part of a key is a directory.
      maxSegmentBytes: 255,
      charset: unicodeKeys ? UNICODE_CHARSET : ASCII_CHARSET,
      // Taken over S3, refused over files, and resolved by clients on the way.
      dotSegments: false,
      leadingSlash: true,
      trailingSlash: true,
      doubleSlash: true,
      caseSensitive: true,
      // A server that takes keys of all scripts stores them composed (`normalizeObjectKey` in supabase/storage, src/storage/limits.ts).
      unicodeForms: unicodeKeys ? "nfc" : "distinct",
      objectBesideFolder: true,
      reserved: undefined,
    },
    list: { ordered: true, delimiter: "any", startAfter: true, pageSize: LIST_PAGE_SIZE },
    deleteMany: { batch: DELETE_BATCH },
    serverSideCopy: { maxBytes: MAX_COPY_BYTES, crossBucket: true },
    presign: {
      get: true,
      put: true,
      post: false,
      // A signed GET answers HEAD as well.
      head: true,
      delete: false,
      maxExpirySeconds: MAX_EXPIRY_SECONDS,
      bindsLength: false,
      bindsType: false,
      responseOverrides: false,
      uploadExpiry: false,
    },
    publicUrl: true,
    readAfterWrite: true,
    remote: true,
    credentials: true,
    transformsBody: false,
  };
}
