import type { Capabilities } from "@bucketferry/storage-core/provider";

/** What this adapter keeps for itself under the directory: sidecars, uploads, temporary files. */
export const PRIVATE_FOLDER = ".bucketferry";

const GIB = 2 ** 30;
/** Beyond it a suffix of ours would not fit a 255-byte file name; and no common file system takes longer segments. */
const MAX_SEGMENT_BYTES = 255;

/**
 * Keys are paths, so that the directory can be read and served by anything else. What a path cannot say is refused:
 * dot segments, empty segments, and an object beside a folder of the same name.
 */
export function fsCapabilities({ hasUrls, platform }: { hasUrls: boolean; platform: NodeJS.Platform }): Capabilities {
  const windows = platform === "win32";
  const conditions = { ifMatch: true, ifNoneMatch: true, ifModifiedSince: true, ifUnmodifiedSince: true };
  return {
    // link(2) fails when the name is taken, so creating is atomic; nothing on a file system replaces only a given version.
    conditionalPut: { create: true, replace: false },
    conditionalMultipart: { create: true, replace: false },
    conditionalGet: conditions,
    conditionalHead: conditions,
    conditionalDelete: false,
    conditionalCopy: { create: true, replace: false, source: true },
    versions: false,
    range: { bounded: true, suffix: true },
    metadata: { maxBytes: 64 * 1024, keyCharset: "[!#$%&'*+.^_`|~0-9a-z-]", values: "utf8" },
    systemHeaders: {
      contentType: true,
      cacheControl: true,
      contentDisposition: true,
      contentEncoding: true,
      contentLanguage: true,
    },
    defaultContentType: "application/octet-stream",
    checksums: { onPut: ["md5", "sha256", "sha1", "crc32"], reported: ["sha256"] },
    multipart: { minPartBytes: 1, maxPartBytes: 5 * GIB, maxParts: 10_000, gaps: true },
    maxObjectBytes: Number.MAX_SAFE_INTEGER,
    maxPutBytes: Number.MAX_SAFE_INTEGER,
    keys: {
      maxBytes: 1024,
      maxSegmentBytes: MAX_SEGMENT_BYTES,
      charset: windows ? String.raw`[^\u0000-\u001f<>:"\\|?*]` : String.raw`[^\u0000]`,
      dotSegments: false,
      leadingSlash: false,
      trailingSlash: false,
      doubleSlash: false,
      // By default, macOS and Windows keep one file for both.
      caseSensitive: !windows && platform !== "darwin",
      // APFS and HFS+ take one for the other: https://developer.apple.com/support/downloads/Apple-File-System-Reference.pdf
      unicodeForms: platform === "darwin" ? "same" : "distinct",
      objectBesideFolder: false,
      reserved: String.raw`^\.bucketferry(?:/|$)`,
    },
    list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1000 },
    deleteMany: { batch: 1000 },
    serverSideCopy: { maxBytes: Number.MAX_SAFE_INTEGER, crossBucket: false },
    presign: {
      get: false,
      put: false,
      post: false,
      head: false,
      delete: false,
      maxExpirySeconds: 0,
      bindsLength: false,
      bindsType: false,
      responseOverrides: false,
      uploadExpiry: false,
    },
    publicUrl: hasUrls,
    readAfterWrite: true,
    remote: false,
    credentials: false,
    transformsBody: false,
  };
}
