import { StartError } from "../start-error.ts";

const NOTHING = "nothing answers there.";
const REFUSED = "the database refuses these credentials.";
const UNTRUSTED =
  "the server's certificate is not trusted: name its authority with sslmode=verify-full&sslrootcert=FILE.";
const FOLDER = "the file's folder cannot be made. Name another one, or let this user write there.";

/**
 * What stands in the way of a database, by the code of the error: Node's, Postgres' (https://www.postgresql.org/docs/current/errcodes-appendix.html)
 * and SQLite's (https://sqlite.org/rescode.html).
 */
const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: NOTHING,
  ECONNRESET: NOTHING,
  ENOTFOUND: NOTHING,
  EAI_AGAIN: NOTHING,
  EHOSTUNREACH: NOTHING,
  ENETUNREACH: NOTHING,
  ETIMEDOUT: NOTHING,
  ERR_INVALID_URL: "is no URL. In a password, characters such as / # ? @ are written percent-encoded.",
  "28P01": REFUSED,
  "28000": REFUSED,
  "3D000": "there is no such database.",
  "42501":
    "this user may not make tables there. Grant CREATE on the schema, or run `migrate` as one who may and set DATABASE_MIGRATE=command.",
  "53300": "the server has no connection left.",
  "57P03": "the server is starting or ending; try again in a moment.",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: "the server's certificate has expired.",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name than the URL has.",
  ENOENT: "names a file of certificates that is not there.",
  EACCES: FOLDER,
  EPERM: FOLDER,
  EROFS: FOLDER,
  ENOTDIR: FOLDER,
  EEXIST: FOLDER,
  SQLITE_BUSY: "another process holds the file.",
  SQLITE_CANTOPEN: "the file cannot be opened or made. Name a file in a folder that this user may write to.",
  SQLITE_CORRUPT: "the file is damaged.",
  SQLITE_FULL: "the disk is full.",
  SQLITE_NOTADB: "the file is no SQLite database.",
  SQLITE_READONLY: "the file cannot be written by this user.",
};

/** What the driver says without a code. */
const SAYINGS: readonly (readonly [RegExp, string])[] = [
  [/does not support SSL/, "the server speaks no TLS: leave sslmode out, or switch TLS on there."],
  [/timeout/, NOTHING],
  [/Connection terminated/, NOTHING],
];

/** An error of opening or preparing the database as the line that an operator needs; what is not known is left as it is. */
export function databaseStartError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const sentence =
    typeof code === "string"
      ? (SENTENCES[code] ?? SENTENCES[/^SQLITE_[A-Z]+/.exec(code)?.[0] ?? ""])
      : SAYINGS.find(([saying]) => saying.test(error.message))?.[1];
  return sentence === undefined ? error : new StartError(`DATABASE_URL: ${sentence}`, error);
}
