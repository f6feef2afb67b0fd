import type { Verdict } from "../contract/driver.ts";
import type { StorageErrorCode } from "../errors/error-codes.ts";
import { StorageError, type StorageErrorDetails, type StorageOperation } from "../errors/storage-error.ts";

/** Which call an error belongs to. */
export interface CallSite {
  readonly provider: string;
  readonly operation: StorageOperation;
  readonly key?: string | undefined;
  /** The second key of a copy. */
  readonly to?: string | undefined;
}

/** All that is needed to turn whatever was thrown into a `StorageError`. */
export interface FailureContext {
  readonly site: CallSite;
  readonly signal?: AbortSignal | undefined;
  /** The driver's own table; undefined where no driver is involved. */
  readonly classify?: ((error: unknown) => Verdict | undefined) | undefined;
}

/** Longest key that a message repeats whole; longer ones are never valid and are cut. */
const LONGEST_SHOWN_KEY = 1100;

/** An error of the kit's own: the call was refused before the driver heard of it. */
export function refusal(
  code: StorageErrorCode,
  site: CallSite,
  problem: string,
  details?: StorageErrorDetails,
): StorageError {
  return new StorageError(code, `${describeSite(site)}: ${problem}`, {
    provider: site.provider,
    operation: site.operation,
    key: keyInQuestion(code, site),
    ...details,
  });
}

/** The caller's own wish to stop, as an error; its reason is the cause. */
export function aborted(site: CallSite, signal: AbortSignal): StorageError {
  return refusal("Aborted", site, "the caller aborted the call", { cause: signal.reason });
}

/**
 * Whatever was thrown, as the one error of the contract. In this order: a caller who aborted gets `Aborted`; an error that is
 * a `StorageError` already keeps its code and gains what it lacks; the driver's table names the rest.
 */
export function asStorageError(error: unknown, context: FailureContext): StorageError {
  const { site, signal } = context;
  if (signal?.aborted === true && !(error instanceof StorageError && error.code === "Aborted")) {
    return refusal("Aborted", site, "the caller aborted the call", {
      cause: signal.reason,
      applied: error instanceof StorageError ? error.applied : verdictOf(error, context)?.applied,
    });
  }
  if (error instanceof StorageError) return completed(error, site);
  const verdict = verdictOf(error, context);
  if (verdict === undefined) {
    // The message of a stranger may hold a signed URL or a header, so only its type is told; the rest is in `cause`.
    const type = error instanceof Error ? error.name : typeof error;
    return refusal("Unknown", site, `an unexpected ${type} was thrown, see its cause`, { cause: error });
  }
  const { code, message, ...details } = verdict;
  return refusal(code, site, message, { ...details, cause: error });
}

function verdictOf(error: unknown, context: FailureContext): Verdict | undefined {
  try {
    return context.classify?.(error);
  } catch {
    return undefined;
  }
}

/** A StorageError that a driver threw itself, with provider, operation and key filled in where it left them out. */
function completed(error: StorageError, site: CallSite): StorageError {
  const namesKey = site.key === undefined || error.message.includes(shown(site.key));
  if (namesKey && error.provider !== undefined && error.operation !== undefined) return error;
  return refusal(error.code, site, error.message, {
    persistence: error.persistence,
    status: error.status,
    requestId: error.requestId,
    retryAfterMs: error.retryAfterMs,
    applied: error.applied,
    hint: error.hint,
    cause: error.cause ?? error,
    ...(error.key === undefined ? {} : { key: error.key }),
  });
}

/** A copy has two keys; what exists already, or is locked, is its destination. */
function keyInQuestion(code: StorageErrorCode, site: CallSite): string | undefined {
  return code === "AlreadyExists" && site.to !== undefined ? site.to : site.key;
}

function describeSite(site: CallSite): string {
  const start = `${site.provider}: ${site.operation}`;
  if (site.key === undefined) return start;
  if (site.to === undefined) return `${start} ${shown(site.key)}`;
  return `${start} ${shown(site.key)} to ${shown(site.to)}`;
}

/** Quoted, with control characters escaped, so that no key can forge a line of a log. */
function shown(key: string): string {
  const text = String(key);
  return JSON.stringify(text.length > LONGEST_SHOWN_KEY ? `${text.slice(0, 64)}…` : text);
}
