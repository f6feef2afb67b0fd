/** A checksum of the whole object, in the names that S3 uses. `md5` values are hex, as ETags are; the others base64. */
export type ChecksumAlgorithm = "md5" | "sha256" | "sha1" | "crc32" | "crc32c" | "crc64nvme";

/** Which keys a provider takes. A key outside these rules is refused with `InvalidKey` before any request is made. */
export interface KeyRules {
  /** Longest key, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** Longest part between two slashes, in bytes of UTF-8. */
  readonly maxSegmentBytes: number;
  /** Source of a regular expression (flag `u`) that every character of the key matches; undefined: any character. */
  readonly charset: string | undefined;
  /** Whether `.` and `..` may stand as a segment. */
  readonly dotSegments: boolean;
  /** Whether a key may start with a slash. */
  readonly leadingSlash: boolean;
  /** Whether a key may end with a slash. */
  readonly trailingSlash: boolean;
  /** Whether two slashes may follow each other. */
  readonly doubleSlash: boolean;
  /** Whether `A` and `a` are two objects. */
  readonly caseSensitive: boolean;
  /**
   * What becomes of one text in two Unicode normal forms, composed (NFC) and decomposed (NFD): `distinct` objects; the `same`
   * object, under the form that was written last; or `nfc` alone is taken, since the service would store others as that.
   */
  readonly unicodeForms: "distinct" | "same" | "nfc";
  /** Whether an object `a` can live beside an object `a/b`. */
  readonly objectBesideFolder: boolean;
  /** Keys that the provider needs for itself, as the source of a regular expression; undefined: none. */
  readonly reserved: string | undefined;
}

export interface ReadConditions {
  readonly ifMatch: boolean;
  readonly ifNoneMatch: boolean;
  readonly ifModifiedSince: boolean;
  readonly ifUnmodifiedSince: boolean;
}

/**
 * What one provider can do, as data. It never changes after construction and is frozen.
 *
 * What is false or absent here is refused with `Unsupported` before any request is made; nothing is emulated by
 * asking first and acting then, because somebody else may act in between.
 */
export interface Capabilities {
  /** Atomic conditions on `put` of any body. `create`: `ifNoneMatch: '*'`; `replace`: `ifMatch`. */
  readonly conditionalPut: { readonly create: boolean; readonly replace: boolean };
  /** The same conditions when the object is written in parts (`multipart.complete`, and `put` where it goes in parts). */
  readonly conditionalMultipart: { readonly create: boolean; readonly replace: boolean };
  readonly conditionalGet: ReadConditions;
  readonly conditionalHead: ReadConditions;
  readonly conditionalDelete: boolean;
  /** `create` and `replace`: conditions on the destination; `source`: `sourceIfMatch`. */
  readonly conditionalCopy: { readonly create: boolean; readonly replace: boolean; readonly source: boolean };
  /** Old versions can be read and deleted by their id. */
  readonly versions: boolean;
  /** `bounded`: offset and length; `suffix`: the last n bytes. */
  readonly range: { readonly bounded: boolean; readonly suffix: boolean };
  /** User metadata; `maxBytes` counts names and values together. `values`: what a value may hold. */
  readonly metadata: { readonly maxBytes: number; readonly keyCharset: string; readonly values: "ascii" | "utf8" };
  /** Which of the five standard headers are stored with the object and given back. */
  readonly systemHeaders: {
    readonly contentType: boolean;
    readonly cacheControl: boolean;
    readonly contentDisposition: boolean;
    readonly contentEncoding: boolean;
    readonly contentLanguage: boolean;
  };
  /** What `head` says of an object that was put without a content type. */
  readonly defaultContentType: string;
  /** `onPut`: verified by the service while writing; `reported`: given back by `head`. */
  readonly checksums: { readonly onPut: readonly ChecksumAlgorithm[]; readonly reported: readonly ChecksumAlgorithm[] };
  /** Uploads in parts by the caller's own hand; `false` where the service has none. */
  readonly multipart:
    | false
    | {
        /** Smallest part but the last, in bytes. */
        readonly minPartBytes: number;
        readonly maxPartBytes: number;
        readonly maxParts: number;
        /** Part numbers may leave gaps. */
        readonly gaps: boolean;
      };
  readonly maxObjectBytes: number;
  /** Largest body that goes in one request; larger ones are sent in parts. */
  readonly maxPutBytes: number;
  readonly keys: KeyRules;
  readonly list: {
    /** Entries come in UTF-8 byte order of their keys. */
    readonly ordered: boolean;
    /** `slash`: only `/`; `any`: any string; `false`: none. */
    readonly delimiter: "any" | "slash" | false;
    readonly startAfter: boolean;
    /** Most entries of one page, in one request. */
    readonly pageSize: number;
  };
  /** Most keys of one delete request. */
  readonly deleteMany: { readonly batch: number };
  /** `crossBucket`: from another bucket of the service as well, by `fromBucket`. */
  readonly serverSideCopy: { readonly maxBytes: number; readonly crossBucket: boolean };
  readonly presign: {
    readonly get: boolean;
    readonly put: boolean;
    readonly post: boolean;
    readonly head: boolean;
    readonly delete: boolean;
    readonly maxExpirySeconds: number;
    /** A signed upload can be bound to one length, or, for POST, to a largest one. */
    readonly bindsLength: boolean;
    /** A signed upload can be bound to one content type. */
    readonly bindsType: boolean;
    /** A signed GET can override the disposition and type of the answer. */
    readonly responseOverrides: boolean;
    /** The lifetime of signed uploads is the caller's choice, not the service's. */
    readonly uploadExpiry: boolean;
  };
  /** `publicUrl` gives a URL. Whether the bucket really answers strangers is what `check` finds out. */
  readonly publicUrl: boolean;
  /** A write is seen by the very next read, head and list. */
  readonly readAfterWrite: boolean;
  /** A network lies between the provider and what it stores: answers can be cut short, replaced or lost. */
  readonly remote: boolean;
  /** The service tells callers apart by credentials. */
  readonly credentials: boolean;
  /** The service may change stored bytes on the way out (HTML rewriting, image polish, transcoding). */
  readonly transformsBody: boolean;
}
