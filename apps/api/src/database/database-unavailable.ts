/**
 * Classes of Postgres' errors in which the server or the way to it is gone, not the statement wrong:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html. 08: connection; 53: resources; 57P: shut down, starting.
 */
const POSTGRES = /^(?:08\w{3}|53\w{3}|57P\w{2})$/;
const SYSTEM = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "EHOSTUNREACH", "ETIMEDOUT", "EAI_AGAIN"]);
const SQLITE = /^SQLITE_(?:BUSY|FULL|IOERR|CANTOPEN)/;
/** What the driver says itself, without a code. */
const DRIVER = /^(?:timeout exceeded when trying to connect|Connection terminated)/;

/** Whether an error of the database is about the database and not about what it was asked: the same may work in a moment. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return DRIVER.test(error.message);
  return POSTGRES.test(code) || SYSTEM.has(code) || SQLITE.test(code);
}

/**
 * Whether Postgres was given text with U+0000, which its types cannot hold (`character_not_in_repertoire`). Nobody means to
 * send it; SQLite takes it.
 */
export function isUnstorableText(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "22021";
}
