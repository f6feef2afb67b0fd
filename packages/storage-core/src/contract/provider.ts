import type { PutBody } from "./body.ts";
import type { Capabilities, ChecksumAlgorithm } from "./capabilities.ts";
import type { StorageError } from "../errors/storage-error.ts";

/** What every operation takes. An option that the contract does not name is ignored, and never sent. */
export interface OperationOptions {
  /** Ends the call, before or during I/O, with `Aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** User metadata: lower-case names, string values. A `put` replaces all of it. */
export type Metadata = Readonly<Record<string, string>>;

/** The five standard headers that can be stored with an object. */
export interface SystemHeaders {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
}

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Hex for `md5`, base64 for all others. */
  readonly value: string;
}

/** `type: 'composite'` marks a checksum of checksums of parts, which says nothing about the bytes as a whole. */
export type Checksums = Partial<Readonly<Record<ChecksumAlgorithm, string>>> & { readonly type?: "full" | "composite" };

export interface PutOptions extends OperationOptions, SystemHeaders {
  readonly metadata?: Metadata | undefined;
  /** Announced length of a stream, in bytes. A body of another length fails with `IncompleteBody` and stores nothing. */
  readonly contentLength?: number | undefined;
  /** Verified by the service; `ChecksumMismatch` and nothing stored when it is not the body's. */
  readonly checksum?: Checksum | undefined;
  /** Writes only over exactly this ETag, else `PreconditionFailed`. */
  readonly ifMatch?: string | undefined;
  /** Writes only when nothing is there, else `AlreadyExists`. */
  readonly ifNoneMatch?: "*" | undefined;
  /** Size of the parts of a large body, in bytes; the provider may choose larger ones to stay within its number of parts. */
  readonly partSizeBytes?: number | undefined;
  /** How many parts are sent at once. */
  readonly concurrency?: number | undefined;
  /** Bytes sent so far, never decreasing; the last call names the object's size. */
  readonly onProgress?:
    | ((progress: { readonly sentBytes: number; readonly totalBytes: number | undefined }) => void)
    | undefined;
}

export interface PutResult {
  readonly key: string;
  readonly size: number;
  /** As a following `head` gives it. */
  readonly etag: string;
  readonly version?: string | undefined;
  readonly checksums?: Checksums | undefined;
}

export interface ReadConditionOptions {
  /** Fails with `PreconditionFailed` unless the object has this ETag. Quotes do not matter. */
  readonly ifMatch?: string | undefined;
  /** Fails with `NotModified` when the object has this ETag. */
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

/**
 * `offset` and `length`, or the last `suffix` bytes.
 * A range that reaches past the end is cut to the end; one that starts at or beyond it fails with `InvalidRange`, and so
 * does any range of an empty object. `suffix: 0` is an `InvalidArgument`.
 */
export type ByteRange = { readonly offset: number; readonly length?: number | undefined } | { readonly suffix: number };

export interface GetOptions extends OperationOptions, ReadConditionOptions {
  readonly range?: ByteRange | undefined;
  readonly version?: string | undefined;
  /**
   * Memory, at least as long as what is served, that the body may be written into from its beginning; it belongs to the
   * provider until the body is over. The pieces of the body are then views of it, in order. Who has no use for it leaves
   * it alone and gives pieces of its own, so a caller copies those that are not where they belong.
   */
  readonly into?: Uint8Array | undefined;
}

export interface HeadOptions extends OperationOptions, ReadConditionOptions {
  readonly version?: string | undefined;
}

export interface ObjectInfo extends SystemHeaders {
  readonly key: string;
  /** Of the whole object, in bytes, also in the answer to a ranged `get`. */
  readonly size: number;
  /** Opaque. As the service sends it, without the quotes around it; the mark `W/` of a weak one is kept. */
  readonly etag: string;
  readonly lastModified: Date;
  readonly version?: string | undefined;
  readonly metadata: Metadata;
  readonly checksums?: Checksums | undefined;
}

/**
 * An open object. `info` and the bytes are of one version.
 *
 * The body is read once: by `bytes`, `text`, `json`, by iterating the result itself (the cheapest way on a server), or
 * through `body`, the same bytes as a web stream. A second reading fails with `InvalidArgument`. A body that ends early or late fails with
 * `IncompleteBody`; it is never cut in silence. Who does not read the body calls `cancel`.
 */
export interface GetResult extends AsyncIterable<Uint8Array> {
  readonly info: ObjectInfo;
  /** What was really served: first byte and number of bytes. */
  readonly range: { readonly offset: number; readonly length: number };
  readonly body: ReadableStream<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  json(): Promise<unknown>;
  cancel(): Promise<void>;
}

export interface DeleteOptions extends OperationOptions {
  readonly ifMatch?: string | undefined;
  readonly version?: string | undefined;
}

/** `error` is absent when the key is gone now, whether or not it was there before. */
export interface DeleteOutcome {
  readonly key: string;
  readonly error?: StorageError | undefined;
}

export interface CopyOptions extends OperationOptions {
  /**
   * Another bucket of the same service that `from` is in, read with the same credentials. `from` is then its whole key,
   * also where a layer works within a prefix: the prefix is one of this bucket's keys, and says nothing about another
   * bucket's. The bucket's own name is allowed, and reaches what lies beside a prefix.
   * @throws Unsupported for another bucket where `capabilities.serverSideCopy.crossBucket` is false
   */
  readonly fromBucket?: string | undefined;
  /** Absent: the copy keeps the source's headers and metadata. Given: it has exactly these, and nothing of the source's. */
  readonly replace?: (SystemHeaders & { readonly metadata?: Metadata | undefined }) | undefined;
  /** Condition on the destination: only over this ETag. */
  readonly ifMatch?: string | undefined;
  /** Condition on the destination: only when nothing is there. */
  readonly ifNoneMatch?: "*" | undefined;
  /** Only while the source has this ETag; else `PreconditionFailed` and no destination. */
  readonly sourceIfMatch?: string | undefined;
  /**
   * Called where the service copies in parts: with undefined just before it is asked for an upload under `to`, and with the
   * upload's id before the first part. It is waited for, and what it throws ends the copy. So whoever remembers what it was told
   * finds the unfinished upload of a process that was killed. A copy that is tried again may call it again.
   */
  readonly onUpload?: ((uploadId: string | undefined) => void | Promise<void>) | undefined;
}

export interface ListOptions extends OperationOptions {
  /** A plain string prefix of the key: `img` matches `img2/x`, `img/` does not. */
  readonly prefix?: string | undefined;
  /** Groups keys that share what follows `prefix` up to this string. */
  readonly delimiter?: string | undefined;
  /** Only keys that sort after this one, which need not exist. */
  readonly startAfter?: string | undefined;
}

export interface ListPageOptions extends ListOptions {
  /** From a page before, with the same other options. Opaque, survives JSON, and another provider instance. */
  readonly cursor?: string | undefined;
  /** Most entries of the page; 1 or more. The provider's own page size bounds it. */
  readonly limit?: number | undefined;
}

export interface ObjectEntry {
  readonly type: "object";
  readonly key: string;
  readonly size: number;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  /** Where the listing says so. */
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  /** Its bytes cannot be read before somebody restores them: what the service calls the archive, such as `GLACIER`. */
  readonly archived?: string | undefined;
}

export type ListEntry = ObjectEntry | { readonly type: "prefix"; readonly prefix: string };

export interface ListPage {
  readonly entries: readonly ListEntry[];
  /** Absent on the last page. A page with a cursor may be empty. */
  readonly cursor?: string | undefined;
}

export interface PresignOptions extends OperationOptions {
  readonly method: "GET" | "PUT" | "HEAD" | "DELETE" | "POST";
  readonly key: string;
  /** 1 up to `capabilities.presign.maxExpirySeconds`. */
  readonly expiresInSeconds: number;
  /** PUT and POST: the one content type that is accepted. */
  readonly contentType?: string | undefined;
  /** PUT: the one length that is accepted, in bytes. */
  readonly contentLength?: number | undefined;
  /** POST: the largest length that is accepted, in bytes. */
  readonly maxSizeBytes?: number | undefined;
  /** GET: what the answer says instead of the stored headers. */
  readonly responseContentType?: string | undefined;
  readonly responseContentDisposition?: string | undefined;
}

/** A request that anyone who holds it may send until `expiresAt`: exactly this method, URL and headers. */
export interface PresignedRequest {
  readonly method: "GET" | "PUT" | "HEAD" | "DELETE" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** POST: form fields, to be sent before the field `file`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly expiresAt: Date;
}

export interface UrlOptions {
  /** Asks for a download under this file name, where the service knows how. */
  readonly download?: string | undefined;
}

/** The forms of URL that services have issued over time. */
export type UrlKind =
  | "public"
  | "signed"
  /** Signed to put an object there, and not to read it. */
  | "upload"
  | "authenticated"
  | "bare"
  /** An image that the service transforms; private: that asks for a token or a session. */
  | "render"
  | "private-render"
  | "s3"
  | "cdn"
  /** Without a host. */
  | "path";

export interface ParsedUrl {
  readonly bucket: string;
  readonly key: string;
  readonly kind: UrlKind;
  /**
   * Every key that the text of the URL can mean, likeliest first; the first is `key`. Stored URLs were made by many
   * hands: a `?` may be part of the key, a `+` a space, an escape sequence may be meant literally or twice.
   */
  readonly candidates: readonly string[];
  /** The query without its `?`, as it stands; empty when there is none. */
  readonly query: string;
  /** The fragment without its `#`, as it stands; empty when there is none. */
  readonly fragment: string;
  /** When a signed URL stops working. */
  readonly expiresAt?: Date | undefined;
}

export interface CheckOptions extends OperationOptions {
  /** Also write, read back and delete one scratch object. Without it nothing is written. */
  readonly write?: boolean | undefined;
}

export interface CheckFinding {
  /** Stable, kebab-case: `bucket`, `list`, `read`, `write`, `delete`, `clock`, `region` … */
  readonly id: string;
  readonly level: "ok" | "warning" | "error";
  /** One sentence for a person. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
}

export interface CheckReport {
  /** No finding is an error. */
  readonly ok: boolean;
  readonly findings: readonly CheckFinding[];
}

export interface EnsureBucketOptions extends OperationOptions {
  /** Only say what would be done. */
  readonly dryRun?: boolean | undefined;
}

export interface EnsureBucketReport {
  readonly existed: boolean;
  /** What was done (or would be), one sentence each; empty when there was nothing to do. */
  readonly steps: readonly string[];
}

export interface MultipartCreateOptions extends OperationOptions, SystemHeaders {
  readonly metadata?: Metadata | undefined;
}

export interface MultipartUpload {
  readonly key: string;
  readonly uploadId: string;
}

export interface UploadedPart {
  /** 1 up to `capabilities.multipart.maxParts`. */
  readonly partNumber: number;
  readonly etag: string;
  /** In bytes. */
  readonly size: number;
}

export interface ListedPart extends Pick<UploadedPart, "partNumber" | "etag"> {
  /** In bytes; absent where the service does not say it. */
  readonly size?: number | undefined;
}

export interface UploadPartOptions extends OperationOptions {
  /** Announced length of a stream, in bytes. */
  readonly contentLength?: number | undefined;
  /** An md5 or sha256 that `capabilities.checksums.onPut` has. Of parts, not every service verifies other algorithms: `Unsupported`. */
  readonly checksum?: Checksum | undefined;
}

export interface MultipartCompleteOptions extends OperationOptions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: "*" | undefined;
}

/** Uploads in parts that survive a restart: whoever has `key` and `uploadId` can go on. */
export interface MultipartOperations {
  create(key: string, options?: MultipartCreateOptions): Promise<MultipartUpload>;
  /** Sends one part; the same number again replaces it. */
  uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    body: PutBody,
    options?: UploadPartOptions,
  ): Promise<UploadedPart>;
  /** Parts that the service holds, by number. `NotFound` when the upload is gone. */
  listParts(upload: MultipartUpload, options?: OperationOptions): Promise<readonly ListedPart[]>;
  /** Makes the object of these parts, in order of their numbers; at least one. */
  complete(
    upload: MultipartUpload,
    parts: readonly Pick<UploadedPart, "partNumber" | "etag">[],
    options?: MultipartCompleteOptions,
  ): Promise<PutResult>;
  /** Forgets the upload and its parts; again is no error. */
  abort(upload: MultipartUpload, options?: OperationOptions): Promise<void>;
  /** Uploads that were begun and neither completed nor aborted, under a key prefix. */
  list(
    options?: OperationOptions & { readonly prefix?: string | undefined },
  ): AsyncIterable<MultipartUpload & { readonly startedAt?: Date | undefined }>;
}

/**
 * One bucket of one storage service: the contract that every adapter, every layer and the contract suite share.
 *
 * - Keys are exact. Any string of 1–1024 bytes of UTF-8 is stored and listed byte for byte, or refused with
 *   `InvalidKey` before any request. Nothing is trimmed, collapsed or normalised.
 * - Every rejection is a `StorageError`, also from iterators and streams. No async method throws at once.
 * - `delete` of a missing key succeeds. `exists` says false only on a definite "not found".
 * - `put` replaces as a whole: readers see the old or the new object, and a failed or aborted put leaves the old one.
 * - Conditions are the service's own or `Unsupported`; they are never emulated by asking first.
 * - ETags are opaque; only `checksums` compare content across providers.
 */
export interface StorageProvider {
  /** `s3`, `supabase`, `fs`, `memory`, or a third party's name. */
  readonly name: string;
  readonly bucket: string;
  readonly capabilities: Capabilities;
  /**
   * Hosts (`host` or `host:port`, lower case; `*.` in front: any subdomain) that a URL accepted by `parseUrl` can have.
   * For prefilters: text that holds none of them holds no URL of this provider.
   */
  readonly urlHosts: readonly string[];
  /**
   * A part of the path of every URL accepted by `parseUrl`, as it stands there, none of it escaped (`/storage/v1/`); undefined:
   * there is none. For prefilters, beside `urlHosts`: paths have their case where hosts have none, and such a search costs less.
   */
  readonly urlPathPart?: string | undefined;
  readonly multipart: MultipartOperations;

  /**
   * A body whose own stream fails is an `IncompleteBody` with that error as its cause.
   * @throws AlreadyExists, PreconditionFailed, Conflict, IncompleteBody, ChecksumMismatch, TooLarge, QuotaExceeded
   */
  put(key: string, body: PutBody, options?: PutOptions): Promise<PutResult>;
  /** @throws NotFound, NotModified, PreconditionFailed, InvalidRange; while reading: IncompleteBody, Aborted, Unavailable */
  get(key: string, options?: GetOptions): Promise<GetResult>;
  /** @throws NotFound, NotModified, PreconditionFailed */
  head(key: string, options?: HeadOptions): Promise<ObjectInfo>;
  exists(key: string, options?: OperationOptions): Promise<boolean>;
  delete(key: string, options?: DeleteOptions): Promise<void>;
  /** Deletes in batches; every key gets one outcome, in order of completion. A refused key does not stop the others. */
  deleteMany(keys: Iterable<string> | AsyncIterable<string>, options?: OperationOptions): AsyncIterable<DeleteOutcome>;
  /** By the service, without the bytes passing through here; within the bucket, or from another one. Onto itself it keeps the bytes. */
  copy(from: string, to: string, options?: CopyOptions): Promise<PutResult>;
  /** All pages, one after another. Leaving the loop stops the requests. */
  list(options?: ListOptions): AsyncIterable<ListEntry>;
  listPage(options?: ListPageOptions): Promise<ListPage>;
  presign(request: PresignOptions): Promise<PresignedRequest>;
  /**
   * The permanent URL of a key, encoded so that a plain GET fetches it; pure, and inverse to `parseUrl`.
   * @throws Unsupported where the provider has no such URLs
   */
  publicUrl(key: string, options?: UrlOptions): string;
  /** Understands every form of URL that the service has issued for this bucket; undefined for any other text. Never throws. */
  parseUrl(url: string): ParsedUrl | undefined;
  /** Looks at credentials, bucket and permissions; problems are findings, not rejections. Reads only, unless asked. */
  check(options?: CheckOptions): Promise<CheckReport>;
  /** Makes the bucket when it is missing, private, with the service's safe defaults. Never changes one that exists. */
  ensureBucket(options?: EnsureBucketOptions): Promise<EnsureBucketReport>;
  /** Frees sockets, handles and timers; again is no error. Calls after it are refused with `InvalidArgument`. */
  close(): Promise<void>;
}
