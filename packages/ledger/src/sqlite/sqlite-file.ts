import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "@bucketferry/storage-core/node";
import Database from "better-sqlite3";
import { LedgerError } from "../ledger-error.ts";
import type { Sql } from "./sql.ts";
import { ledgerErrorOf } from "./sqlite-errors.ts";

/** Marks the file as ours in SQLite's header (https://sqlite.org/pragma.html#pragma_application_id): "bfly". */
const APPLICATION_ID = 0x62_66_6c_79;

/** Larger files are not read through on each opening: reading one costs about a second per 500 MB. `checkIntegrity` does. */
const CHECK_UP_TO_BYTES = 512 * 1024 * 1024;

const CACHE_KIB = 8 * 1024;
const CHECKPOINT_PAGES = 4_000;
const JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024;
const CACHED_STATEMENTS = 64;

export interface SqliteFile {
  readonly sql: Sql;
  /** Reads the whole file; the sentences say what is damaged, none when nothing is. */
  checkIntegrity(): string[];
  /** Runs `work` alone and as a whole: all of it is stored, or nothing. */
  exclusively<T>(work: (sql: Sql) => T): T;
  /** Whether the file that is open still has its name; what is written to one without a name is gone when it is closed. */
  isInPlace(): boolean;
  close(): void;
}

/**
 * Opens, or makes, the file of a ledger.
 *
 * WAL with `synchronous = NORMAL`: a killed process loses nothing that was committed; a machine that loses its power may
 * lose the last commits, never the consistency of the file, and what they said is found out again at the target.
 *
 * @throws LedgerError NotFound, NotALedger, Corrupt, ReadOnly, Io, Busy
 */
export function openSqliteFile(
  path: string,
  options: { readonly create: boolean; readonly busyTimeoutMs: number },
): SqliteFile {
  const existed = existsSync(path) && statSync(path).size > 0;
  if (!existed && !options.create) {
    throw new LedgerError("NotFound", `There is no ledger at ${path}.`, { hint: "Run `bucketferry plan` first." });
  }
  if (existed) refuseForeignHeader(path);

  const raw = openRaw(path, options.busyTimeoutMs);
  try {
    prepareConnection(raw, existed);
    if (existed && statSync(path).size <= CHECK_UP_TO_BYTES) {
      const damage = damageOf(raw);
      if (damage.length > 0) {
        throw new LedgerError("Corrupt", `The ledger's file is damaged (${path}): ${damage[0]}`, {
          hint: "Restore it from a backup, or move it away and plan again: objects that were copied are recognised at the target.",
        });
      }
    }
  } catch (error) {
    raw.close();
    throw ledgerErrorOf(error, path);
  }

  const opened = statSync(path);
  const sql = statementsOn(raw);
  return {
    sql,
    checkIntegrity: () => damageOf(raw),
    exclusively(work) {
      raw.exec("begin immediate");
      try {
        const result = work(sql);
        raw.exec("commit");
        return result;
      } catch (error) {
        // SQLite has rolled back by itself when the disk was full.
        if (raw.inTransaction) raw.exec("rollback");
        throw error;
      }
    },
    isInPlace() {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.ino === opened.ino && found.dev === opened.dev;
    },
    close: () => {
      raw.close();
    },
  };
}

function openRaw(path: string, busyTimeoutMs: number): Database.Database {
  try {
    makeFolder(dirname(path));
    return new Database(path, { timeout: busyTimeoutMs });
  } catch (error) {
    if (
      error instanceof Error &&
      "code" in error &&
      ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT"].includes(String(error.code))
    ) {
      throw new LedgerError(
        "ReadOnly",
        `The folder of the ledger cannot be made: ${dirname(path)} (${String(error.code)}).`,
        {
          hint: "Check that this user may write there, or name another path under `ledger` in the configuration.",
          cause: error,
        },
      );
    }
    throw ledgerErrorOf(error, path);
  }
}

function prepareConnection(raw: Database.Database, existed: boolean): void {
  // Before the journal: what is set after it stands in the journal first, and the next one who looks reads the file.
  if (!existed) raw.pragma(`application_id = ${APPLICATION_ID}`);
  raw.pragma("journal_mode = WAL");
  raw.pragma("synchronous = NORMAL");
  raw.pragma("foreign_keys = ON");
  raw.pragma(`cache_size = -${CACHE_KIB}`);
  raw.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  raw.pragma(`journal_size_limit = ${JOURNAL_LIMIT_BYTES}`);
}

/** The header is read before SQLite sees the file, since opening another program's database would already change it. */
function refuseForeignHeader(path: string): void {
  const header = headerOf(path);
  if (header.subarray(0, 16).toString("latin1") !== "SQLite format 3\0") {
    throw new LedgerError("NotALedger", `The file is not a SQLite database (${path}).`, {
      hint: "Check the path under `ledger` in the configuration.",
    });
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new LedgerError("NotALedger", `The file is a SQLite database of another program (${path}).`, {
      hint: "Check the path under `ledger` in the configuration.",
    });
  }
}

/** The first 100 bytes, zeros where the file is shorter: https://sqlite.org/fileformat.html#the_database_header */
function headerOf(path: string): Buffer {
  const header = Buffer.alloc(100);
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new LedgerError("ReadOnly", `The ledger's file cannot be read (${path}).`, {
      hint: "Check that the path names a file, and that this user may read it.",
      cause: error,
    });
  }
  return header;
}

function damageOf(raw: Database.Database): string[] {
  const rows = raw.pragma("quick_check(5)") as { readonly quick_check: string }[];
  return rows.map((row) => row.quick_check).filter((line) => line !== "ok");
}

/** To prepare a statement costs more than to run a small one. */
function statementsOn(raw: Database.Database): Sql {
  const statements = new Map<string, Database.Statement<unknown[]>>();
  const prepared = (text: string): Database.Statement<unknown[]> => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    if (statements.size >= CACHED_STATEMENTS) {
      const oldest = statements.keys().next().value;
      if (oldest !== undefined) statements.delete(oldest);
    }
    const statement = raw.prepare<unknown[]>(text);
    statements.set(text, statement);
    return statement;
  };
  return {
    all: <Row>(text: string, ...parameters: readonly unknown[]) => prepared(text).all(...parameters) as Row[],
    first: <Row>(text: string, ...parameters: readonly unknown[]) =>
      prepared(text).get(...parameters) as Row | undefined,
    run: (text, ...parameters) => prepared(text).run(...parameters).changes,
    exec: (text) => {
      raw.exec(text);
    },
    prepare(text) {
      const statement = prepared(text);
      return { run: (parameters) => statement.run(parameters).changes };
    },
  };
}
