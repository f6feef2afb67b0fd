import { PERSISTENCE_OF, type Persistence, type StorageErrorCode } from "./error-codes.ts";

/** The operation that failed, in the contract's own words. */
export type StorageOperation =
  | "put"
  | "get"
  | "head"
  | "exists"
  | "delete"
  | "deleteMany"
  | "copy"
  | "list"
  | "presign"
  | "publicUrl"
  | "parseUrl"
  | "check"
  | "ensureBucket"
  | "close"
  | "multipart.create"
  | "multipart.uploadPart"
  | "multipart.listParts"
  | "multipart.complete"
  | "multipart.abort"
  | "multipart.list"
  | "create";

export interface StorageErrorDetails {
  /** Name of the provider that failed: `s3`, `memory` … */
  readonly provider?: string | undefined;
  readonly operation?: StorageOperation | undefined;
  readonly key?: string | undefined;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number | undefined;
  /** The service's own id of the request, for its support desk. */
  readonly requestId?: string | undefined;
  /** How long the service asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly persistence?: Persistence | undefined;
  /** `true`: the service had already done the work when the call failed. `unknown`: the answer was lost on the way. */
  readonly applied?: boolean | "unknown" | undefined;
  /** What the reader can do about it, as one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The same in every copy of this package, as no class can be. */
const BRAND = Symbol.for("@bucketferry/storage-core/StorageError");

/**
 * The one error that a provider rejects with.
 *
 * `instanceof` holds for the errors of another copy of this package too: an adapter that is installed beside an app, rather
 * than in it, brings its own, and its errors mean the same.
 *
 * Neither `message` nor any field holds a credential, a signed query or a request body; `toJSON` leaves `cause` out,
 * since a cause comes from a library that makes no such promise.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  readonly persistence: Persistence;
  readonly provider: string | undefined;
  readonly operation: StorageOperation | undefined;
  readonly key: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly applied: boolean | "unknown" | undefined;
  readonly hint: string | undefined;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  constructor(code: StorageErrorCode, message: string, details: StorageErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.persistence = details.persistence ?? PERSISTENCE_OF[code];
    this.provider = details.provider;
    this.operation = details.operation;
    this.key = details.key;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.applied = details.applied;
    this.hint = details.hint;
  }

  /** Whether calling again may help: only while the failure is temporary. */
  get retryable(): boolean {
    return this.persistence === "temporary";
  }

  /** The same error with some details filled in or replaced; the stack of the first one is kept. */
  with(details: StorageErrorDetails): StorageError {
    const copy = new StorageError(this.code, this.message, {
      provider: details.provider ?? this.provider,
      operation: details.operation ?? this.operation,
      key: details.key ?? this.key,
      status: details.status ?? this.status,
      requestId: details.requestId ?? this.requestId,
      retryAfterMs: details.retryAfterMs ?? this.retryAfterMs,
      persistence: details.persistence ?? this.persistence,
      applied: details.applied ?? this.applied,
      hint: details.hint ?? this.hint,
      cause: details.cause ?? this.cause,
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  toJSON(): Record<string, unknown> {
    const {
      name,
      code,
      message,
      persistence,
      provider,
      operation,
      key,
      status,
      requestId,
      retryAfterMs,
      applied,
      hint,
    } = this;
    return {
      name,
      code,
      message,
      persistence,
      provider,
      operation,
      key,
      status,
      requestId,
      retryAfterMs,
      applied,
      hint,
    };
  }
}

Object.defineProperty(StorageError.prototype, BRAND, { value: true });

/** True for a StorageError with one of these codes (any code when none is named). */
export function isStorageError(error: unknown, ...codes: StorageErrorCode[]): error is StorageError {
  return error instanceof StorageError && (codes.length === 0 || codes.includes(error.code));
}
