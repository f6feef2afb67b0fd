import { LedgerError, type LedgerErrorCode } from "../ledger-error.ts";

interface Verdict {
  readonly code: LedgerErrorCode;
  readonly what: string;
  readonly hint: string;
}

const UNREADABLE_HINT =
  "Check that the path names a ledger of bucketferry, or move the file away and plan again: objects that were copied are recognised at the target.";

/** Primary result codes of SQLite, https://sqlite.org/rescode.html; an extended code starts with its primary one. */
const BY_CODE: readonly (readonly [string, Verdict])[] = [
  [
    "SQLITE_FULL",
    {
      code: "DiskFull",
      what: "the disk of the ledger is full",
      hint: "Free some space on the disk of the ledger, then run the same command again: it goes on where it stopped.",
    },
  ],
  [
    "SQLITE_READONLY",
    {
      code: "ReadOnly",
      what: "the ledger cannot be written",
      hint: "Give this user the right to write the ledger's file and its folder (SQLite keeps two more files beside it).",
    },
  ],
  [
    "SQLITE_CANTOPEN",
    {
      code: "ReadOnly",
      what: "the ledger's file cannot be opened",
      hint: "Check that the folder exists and that this user may read and write there.",
    },
  ],
  [
    "SQLITE_PERM",
    { code: "ReadOnly", what: "access to the ledger's file is refused", hint: "Check the file's permissions." },
  ],
  [
    "SQLITE_IOERR",
    {
      code: "Io",
      what: "reading or writing the ledger's file failed",
      hint: "Check the disk. A ledger belongs on a local disk: SQLite's journal does not work on network file systems.",
    },
  ],
  ["SQLITE_CORRUPT", { code: "Corrupt", what: "the ledger's file is damaged", hint: UNREADABLE_HINT }],
  ["SQLITE_NOTADB", { code: "NotALedger", what: "the file is not a SQLite database", hint: UNREADABLE_HINT }],
  [
    "SQLITE_BUSY",
    {
      code: "Busy",
      what: "another process keeps the ledger's file locked",
      hint: "Close other programs that have the file open, such as a database browser or a backup.",
    },
  ],
  [
    "SQLITE_LOCKED",
    {
      code: "Busy",
      what: "another process keeps the ledger's file locked",
      hint: "Close other programs that have the file open, such as a database browser or a backup.",
    },
  ],
];

/** Names what SQLite threw; an error that is a LedgerError already stays as it is. */
export function ledgerErrorOf(error: unknown, path: string): LedgerError {
  if (error instanceof LedgerError) return error;
  const sqliteCode = sqliteCodeOf(error);
  const verdict = BY_CODE.find(([code]) => sqliteCode?.startsWith(code))?.[1];
  if (verdict !== undefined) {
    return new LedgerError(verdict.code, `${sentence(verdict.what)} (${path}, ${sqliteCode}).`, {
      hint: verdict.hint,
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/database connection is not open|driver has already been destroyed/.test(message)) {
    return new LedgerError("Closed", `The ledger ${path} has been closed.`, { cause: error });
  }
  return new LedgerError("Unexpected", `The ledger ${path} failed: ${message}`, { cause: error });
}

function sqliteCodeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : undefined;
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
