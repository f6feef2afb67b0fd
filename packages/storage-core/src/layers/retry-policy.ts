import { isStorageError, type StorageError, type StorageOperation } from "../errors/storage-error.ts";
import type { LayerCall } from "./around.ts";

export interface RetryOptions {
  /** How often a call is made at most, the first time included. */
  readonly maxAttempts?: number;
  /** The longest first pause, in milliseconds; each pause may be twice as long as the one before. */
  readonly baseDelayMs?: number;
  /** The longest pause of our own choice, in milliseconds. */
  readonly maxDelayMs?: number;
  /** The longest pause that a service may ask for, in milliseconds; when it asks for more, the call fails at once. */
  readonly maxRetryAfterMs?: number;
  /** Told before each pause. */
  readonly onRetry?: (event: RetryEvent) => void;
  /** Numbers from 0 up to 1. */
  readonly random?: () => number;
  /** Waits; rejects when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface RetryEvent {
  readonly operation: StorageOperation;
  readonly key: string | undefined;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: StorageError;
}

export type RetryLimits = Required<
  Pick<RetryOptions, "maxAttempts" | "baseDelayMs" | "maxDelayMs" | "maxRetryAfterMs">
>;

/** Waits after a failed attempt, or throws the error that the caller gets. */
export type AfterFailure = (call: LayerCall, attempt: number, error: unknown) => Promise<void>;

/** After a failed attempt: wait and try again, or give up with this error. */
export type Decision =
  | { readonly kind: "retry"; readonly delayMs: number; readonly error: StorageError }
  | { readonly kind: "fail"; readonly error: unknown };

/**
 * What to do after attempt number `attempt` (from 1) failed with `error`. Pure.
 *
 * The pause is drawn evenly from zero up to a bound that doubles ("full jitter"), which spreads many clients best:
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function decide(
  error: unknown,
  attempt: number,
  repeatable: boolean,
  limits: RetryLimits,
  random: () => number,
): Decision {
  if (!isStorageError(error) || !error.retryable) return { kind: "fail", error };
  if (!repeatable) {
    const hint = error.operation && NOT_REPEATABLE_HINTS[error.operation];
    return { kind: "fail", error: error.with({ persistence: "exhausted", hint }) };
  }
  if (attempt >= limits.maxAttempts) return { kind: "fail", error: error.with({ persistence: "exhausted" }) };
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs > limits.maxRetryAfterMs) {
    const hint = `The service asked for a pause of ${Math.ceil(retryAfterMs / 1000)} seconds, which is more than this retry waits.`;
    return { kind: "fail", error: error.with({ persistence: "exhausted", hint }) };
  }
  const bound = Math.min(limits.maxDelayMs, limits.baseDelayMs * 2 ** (attempt - 1));
  return { kind: "retry", delayMs: Math.max(retryAfterMs, random() * bound), error };
}

const NOT_REPEATABLE_HINTS: Partial<Readonly<Record<StorageOperation, string>>> = {
  "multipart.create":
    "The answer was lost, and with it the id of an upload that may have been begun. Look for it with multipart.list before you begin another.",
  put: "The body is a stream that can be read once, so it was not sent again. Pass bytes, a Blob, or a function that opens the stream.",
  "multipart.uploadPart":
    "The part is a stream that can be read once, so it was not sent again. Pass bytes, a Blob, or a function that opens the stream.",
  get: "The service has no ranges, so the body cannot be taken up in the middle. Read it again from its beginning.",
  "multipart.list": "The listing broke in the middle and has no cursor to go on from. Begin it anew.",
};

/** Codes with which a conditional call fails when an earlier attempt of its own has already done the work. */
const OWN_ECHO: Partial<Readonly<Record<StorageOperation, readonly StorageError["code"][]>>> = {
  put: ["AlreadyExists", "PreconditionFailed"],
  copy: ["AlreadyExists", "PreconditionFailed"],
  delete: ["PreconditionFailed"],
  "multipart.complete": ["AlreadyExists", "PreconditionFailed", "NotFound"],
};

/**
 * Whether a call can be made again after this failure. An upload in parts whose id was lost on the way would be left behind,
 * unknown to everybody, if another were begun instead.
 */
export function isRepeatable({ operation, repeatable }: LayerCall, error: unknown): boolean {
  return repeatable && !(operation === "multipart.create" && mayBeApplied(error));
}

/** Whether the failed attempt may have been carried out, its answer lost on the way. A refusal was not. */
export function mayBeApplied(error: unknown): boolean {
  return !isStorageError(error) || (error.applied !== false && error.code !== "RateLimited");
}

/**
 * The error of an attempt that followed one which may have been carried out: a condition that fails now may fail
 * because of ourselves, and nobody can tell.
 */
export function echoed(error: unknown, { operation, conditional }: LayerCall): unknown {
  if (!isStorageError(error) || OWN_ECHO[operation]?.includes(error.code) !== true) return error;
  if (conditional !== true && error.code !== "NotFound") return error;
  return error.with({
    applied: "unknown",
    hint: "An earlier attempt got no answer and may have done this itself. Read the object to find out.",
  });
}
