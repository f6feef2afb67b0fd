import type { Capabilities } from "../contract/capabilities.ts";

const KIB = 1024;
const GIB = 1024 ** 3;

/** Largest object, in bytes: about what one typed array holds in every runtime. */
const MAX_OBJECT_BYTES = 2 * GIB;

/** Everything that the contract knows, so that a suite run over memory skips nothing. */
export function memoryCapabilities(options: {
  readonly minPartBytes: number;
  readonly versions: boolean;
}): Capabilities {
  const conditions = { ifMatch: true, ifNoneMatch: true, ifModifiedSince: true, ifUnmodifiedSince: true };
  return {
    conditionalPut: { create: true, replace: true },
    conditionalMultipart: { create: true, replace: true },
    conditionalGet: conditions,
    conditionalHead: conditions,
    conditionalDelete: true,
    conditionalCopy: { create: true, replace: true, source: true },
    versions: options.versions,
    range: { bounded: true, suffix: true },
    // Names are tokens of RFC 9110, so that they can be sent as headers too.
    metadata: { maxBytes: 2 * KIB, keyCharset: "[a-z0-9!#$%&'*+.^_`|~\\-]", values: "utf8" },
    systemHeaders: {
      contentType: true,
      cacheControl: true,
      contentDisposition: true,
      contentEncoding: true,
      contentLanguage: true,
    },
    defaultContentType: "application/octet-stream",
    checksums: { onPut: ["sha256", "crc32"], reported: ["sha256", "crc32"] },
    multipart: { minPartBytes: options.minPartBytes, maxPartBytes: MAX_OBJECT_BYTES, maxParts: 10_000, gaps: true },
    maxObjectBytes: MAX_OBJECT_BYTES,
    maxPutBytes: MAX_OBJECT_BYTES,
    keys: {
      maxBytes: KIB,
      maxSegmentBytes: KIB,
      charset: undefined,
      dotSegments: true,
      leadingSlash: true,
      trailingSlash: true,
      doubleSlash: true,
      caseSensitive: true,
      unicodeForms: "distinct",
      objectBesideFolder: true,
      reserved: undefined,
    },
    list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
    deleteMany: { batch: 1000 },
    serverSideCopy: { maxBytes: MAX_OBJECT_BYTES, crossBucket: false },
    presign: {
      get: true,
      put: true,
      post: true,
      head: true,
      delete: true,
      maxExpirySeconds: 7 * 24 * 60 * 60,
      bindsLength: true,
      bindsType: true,
      responseOverrides: true,
      uploadExpiry: true,
    },
    publicUrl: true,
    readAfterWrite: true,
    remote: false,
    credentials: true,
    transformsBody: false,
  };
}
