import type { ConfigError, ConfigProblem } from "@bucketferry/config";
import { isLedgerError, type LedgerErrorCode } from "@bucketferry/ledger";
import { isStorageError, type StorageErrorCode } from "@bucketferry/storage-core";
import { CommandError } from "./command-error.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { LocatedFailure } from "./located-failure.ts";
import { DatabaseError, type DatabaseErrorCode } from "./references/contract.ts";

/** A failure as it is shown, written as JSON and answered to the shell. Holds no secret. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** What is wrong with a configuration, one by one. */
  readonly problems?: readonly ConfigProblem[] | undefined;
}

const LEDGER_EXIT: Partial<Readonly<Record<LedgerErrorCode, ExitCode>>> = {
  Held: EXIT.gate,
  NotFound: EXIT.usage,
  NotALedger: EXIT.usage,
  Corrupt: EXIT.usage,
  OtherRun: EXIT.usage,
  NewerSchema: EXIT.usage,
  ReadOnly: EXIT.usage,
};

const STORAGE_EXIT: Partial<Readonly<Record<StorageErrorCode, ExitCode>>> = {
  Aborted: EXIT.interrupted,
  BucketNotFound: EXIT.usage,
  InvalidConfig: EXIT.usage,
  Unauthenticated: EXIT.usage,
  PermissionDenied: EXIT.usage,
};

const STORAGE_HINTS: Partial<Readonly<Record<StorageErrorCode, string>>> = {
  BucketNotFound: "Check the bucket's name in the configuration; `bucketferry setup` makes a missing target.",
  Unauthenticated: "Check the credentials in the configuration and the environment; `bucketferry doctor` tests them.",
  PermissionDenied: "Give these credentials the permission; `bucketferry doctor` says which ones are missing.",
  Unavailable: "Check that the service can be reached, then run the command again: it goes on where it stopped.",
};

const DATABASE_EXIT: Partial<Readonly<Record<DatabaseErrorCode, ExitCode>>> = {
  unreachable: EXIT.usage,
  denied: EXIT.usage,
  unreadable: EXIT.usage,
};

export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) return pick(error.exitCode, error.code, error.message, error.hint);
  if (isLedgerError(error)) {
    return pick(LEDGER_EXIT[error.code] ?? EXIT.unexpected, `Ledger${error.code}`, error.message, error.hint);
  }
  if (error instanceof LocatedFailure) return { ...describeFailure(error.failure), message: error.message };
  if (isStorageError(error)) {
    const exitCode = STORAGE_EXIT[error.code] ?? EXIT.unexpected;
    // An adapter speaks to programs, and would have a missing bucket made by a call.
    const hint = error.code === "BucketNotFound" ? STORAGE_HINTS.BucketNotFound : undefined;
    return pick(exitCode, error.code, error.message, hint ?? error.hint ?? STORAGE_HINTS[error.code]);
  }
  if (error instanceof DatabaseError) {
    return pick(DATABASE_EXIT[error.code] ?? EXIT.unexpected, `Database-${error.code}`, error.message, error.hint);
  }
  if (isConfigError(error)) {
    return { ...pick(EXIT.usage, "ConfigError", error.message, undefined), problems: error.problems };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return pick(EXIT.interrupted, "Interrupted", "Interrupted.", "Run the command again: it goes on where it stopped.");
  }
  const message = error instanceof Error ? error.message : String(error);
  return pick(EXIT.unexpected, "Unexpected", message, undefined);
}

/** By name, since the class would bring the whole of the configuration's schema library with it. */
function isConfigError(error: unknown): error is ConfigError {
  return error instanceof Error && error.name === "ConfigError";
}

function pick(exitCode: ExitCode, code: string, message: string, hint: string | undefined): Failure {
  return hint === undefined ? { exitCode, code, message } : { exitCode, code, message, hint };
}
