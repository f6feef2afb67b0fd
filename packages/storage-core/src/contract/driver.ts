import type { BodySource, DriverBody } from "./body.ts";
import type { Capabilities } from "./capabilities.ts";
import type {
  CheckOptions,
  CheckReport,
  CopyOptions,
  DeleteOptions,
  DeleteOutcome,
  EnsureBucketOptions,
  EnsureBucketReport,
  GetOptions,
  HeadOptions,
  ListPage,
  ListPageOptions,
  MultipartCompleteOptions,
  MultipartCreateOptions,
  MultipartUpload,
  ObjectInfo,
  OperationOptions,
  ParsedUrl,
  PresignedRequest,
  PresignOptions,
  PutOptions,
  PutResult,
  ListedPart,
  UploadedPart,
  UploadPartOptions,
  UrlOptions,
} from "./provider.ts";
import type { StorageErrorCode, Persistence } from "../errors/error-codes.ts";

/** What an adapter makes of a failure of its service. Everything but `code` and `message` is optional. */
export interface Verdict {
  readonly code: StorageErrorCode;
  /** One sentence, without secrets and without signed URLs. The key is added by the kit. */
  readonly message: string;
  readonly persistence?: Persistence | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly applied?: boolean | "unknown" | undefined;
  readonly hint?: string | undefined;
}

/**
 * The face of the contract that an adapter's author writes: a translation of requests, answers and errors.
 * `providerFrom(driver)` makes a `StorageProvider` of it.
 *
 * The kit has done all of this before a driver method is called, so no driver repeats it:
 * - the key fits `capabilities.keys`; every option is supported by `capabilities` and well formed (else `Unsupported`,
 *   `InvalidKey`, `InvalidArgument`); metadata names are lower case, without twins, within the limits; no header value
 *   holds CR, LF or NUL; ETags have lost their quotes; ranges are whole numbers that make sense on their own;
 * - the signal is not aborted yet, and the provider is not closed;
 * - bodies are `BodySource`s whose streams count themselves.
 *
 * And it does all of this with what a driver returns or throws:
 * - whatever is thrown becomes a `StorageError` by `classify`, with provider, operation and key filled in; an aborted
 *   signal makes it `Aborted`;
 * - the body of a `get` is counted against the range that was served, and ends with `IncompleteBody` when it differs;
 * - `exists`, `list`, `deleteMany` and `onProgress` of bodies that go in one request are built on what is here.
 */
export interface StorageDriver {
  readonly name: string;
  readonly bucket: string;
  readonly capabilities: Capabilities;
  readonly urlHosts: readonly string[];
  readonly urlPathPart?: string | undefined;

  /** Sends the body whole or in parts, as `capabilities.maxPutBytes` and its length demand; leaves nothing behind on failure. */
  put(key: string, body: BodySource, options: PutOptions): Promise<PutResult>;
  get(key: string, options: GetOptions): Promise<DriverGetResult>;
  head(key: string, options: HeadOptions): Promise<ObjectInfo>;
  /** Resolves for a missing key. */
  delete(key: string, options: DeleteOptions): Promise<void>;
  /** At most `capabilities.deleteMany.batch` keys, all valid; one outcome each. A failure of the request as a whole is thrown. */
  deleteBatch(keys: readonly string[], options: OperationOptions): Promise<readonly DeleteOutcome[]>;
  /** `fromBucket` is only ever another bucket than this one. */
  copy(from: string, to: string, options: CopyOptions): Promise<PutResult>;
  /** `limit` is set and within `capabilities.list.pageSize`. A cursor that is not the driver's own is an `InvalidArgument`. */
  listPage(options: ListPageOptions & { readonly limit: number }): Promise<ListPage>;
  presign(request: PresignOptions): Promise<PresignedRequest>;
  publicUrl(key: string, options: UrlOptions): string;
  parseUrl(url: string): ParsedUrl | undefined;
  check(options: CheckOptions): Promise<CheckReport>;
  ensureBucket(options: EnsureBucketOptions): Promise<EnsureBucketReport>;
  close(): Promise<void>;

  readonly multipart: DriverMultipart;

  /** Names any error that the methods above can throw. Pure. Undefined: the kit calls it `Unknown`. */
  classify(error: unknown): Verdict | undefined;
}

export interface DriverGetResult {
  readonly info: ObjectInfo;
  /** First byte and number of bytes that the body will have. */
  readonly range: { readonly offset: number; readonly length: number };
  readonly body: DriverBody;
}

/** Never called when `capabilities.multipart` is false; a driver without parts uses `noMultipart` of the kit. */
export interface DriverMultipart {
  create(key: string, options: MultipartCreateOptions): Promise<MultipartUpload>;
  uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    body: BodySource,
    options: UploadPartOptions,
  ): Promise<UploadedPart>;
  listParts(upload: MultipartUpload, options: OperationOptions): Promise<readonly ListedPart[]>;
  complete(
    upload: MultipartUpload,
    parts: readonly Pick<UploadedPart, "partNumber" | "etag">[],
    options: MultipartCompleteOptions,
  ): Promise<PutResult>;
  abort(upload: MultipartUpload, options: OperationOptions): Promise<void>;
  list(
    options: OperationOptions & { readonly prefix?: string | undefined },
  ): AsyncIterable<MultipartUpload & { readonly startedAt?: Date | undefined }>;
}
