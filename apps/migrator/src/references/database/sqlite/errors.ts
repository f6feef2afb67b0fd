import { DatabaseError } from "../../contract.ts";

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

export function translating<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

/** A trigger's RAISE is SQLITE_CONSTRAINT_TRIGGER; a text beyond the limit of the library is SQLITE_TOOBIG. */
export function isAboutTheCell(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith("SQLITE_CONSTRAINT") || code === "SQLITE_MISMATCH" || code === "SQLITE_TOOBIG";
}

export function isPassing(error: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error));
}

/** https://www.sqlite.org/rescode.html */
export function translate(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = codeOf(error);
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    return new DatabaseError("unreadable", "the file is not a SQLite database, or is damaged", {
      hint: "Check database.url; `PRAGMA integrity_check` tells more.",
      cause: error,
    });
  }
  if (code.startsWith("SQLITE_CANTOPEN") || code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_PERM")) {
    return new DatabaseError("denied", "the database file cannot be opened for writing", {
      hint: "Let this process read and write the file and its folder.",
      cause: error,
    });
  }
  if (isPassing(error)) {
    return new DatabaseError("locked", "another process has held a lock for longer than we wait", {
      hint: "Let it finish, and run this again.",
      cause: error,
    });
  }
  if (code === "SQLITE_FULL") {
    return new DatabaseError("disk-full", "the disk is full", {
      hint: "Free some space, and run this again.",
      cause: error,
    });
  }
  return new DatabaseError("unexpected", `the database failed (${code || (error as Error).name})`, { cause: error });
}
