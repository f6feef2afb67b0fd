export type LedgerErrorCode =
  /** There is no ledger at the path. */
  | "NotFound"
  /** The file is no SQLite database, or a database of somebody else. */
  | "NotALedger"
  /** The file is damaged. */
  | "Corrupt"
  /** The ledger belongs to other routes or other endpoints. */
  | "OtherRun"
  /** The ledger was written by a newer version of this program. */
  | "NewerSchema"
  /** Another migrator holds the ledger. */
  | "Held"
  /** Another migrator took the ledger over while this one slept, or somebody removed its file. */
  | "Lost"
  /** No space left on the disk of the ledger. */
  | "DiskFull"
  /** The ledger, or its folder, cannot be written. */
  | "ReadOnly"
  /** The disk, or the network file system, failed. */
  | "Io"
  /** Another process kept the file locked for longer than the busy timeout. */
  | "Busy"
  /** A change that the table of transitions does not have. */
  | "IllegalTransition"
  /** The object was not in the state that the change started from. */
  | "StateConflict"
  /** The ledger has been closed. */
  | "Closed"
  | "Unexpected";

/**
 * The one error of the ledger. Whatever failed, nothing of the batch it failed in was recorded.
 * `hint` says in one sentence what the reader can do.
 */
export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;
  readonly hint: string | undefined;

  constructor(
    code: LedgerErrorCode,
    message: string,
    details: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

export function isLedgerError(error: unknown, ...codes: LedgerErrorCode[]): error is LedgerError {
  return error instanceof LedgerError && (codes.length === 0 || codes.includes(error.code));
}
