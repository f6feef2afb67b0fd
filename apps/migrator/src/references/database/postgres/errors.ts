import { DatabaseError, type DatabaseErrorCode } from "../../contract.ts";

const BY_CODE: Readonly<Record<string, readonly [DatabaseErrorCode, string, string?]>> = {
  ECONNREFUSED: [
    "unreachable",
    "nobody listens there",
    "Check host and port in database.url, and that the server runs.",
  ],
  ENOTFOUND: ["unreachable", "there is no such host", "Check the host in database.url."],
  ETIMEDOUT: ["unreachable", "the server does not answer", "Check host and port in database.url, and the firewall."],
  "3D000": ["unreachable", "there is no such database on the server", "Check the name in database.url."],
  "28P01": ["denied", "the password is wrong", "Check user and password in database.url."],
  "28000": ["denied", "the server does not let this user in", "Check the user in database.url, and pg_hba.conf."],
  "42501": ["denied", "permission denied", "`bucketferry doctor` names the grants that are missing."],
  "55P03": ["locked", "a row or table was locked for too long", "Run this again when the app is quieter."],
  "57014": ["locked", "a statement ran into its time limit", "Run this again when the app is quieter."],
  "40P01": ["locked", "transactions waited for each other", "Run this again when the app is quieter."],
  "40001": ["locked", "transactions changed the same rows", "Run this again when the app is quieter."],
  "25006": ["denied", "the server is read-only, perhaps a replica", "Put the primary's address into database.url."],
  "3F000": [
    "denied",
    "no schema of this user's search_path is there to hold the journal",
    "Give the user a search_path: ALTER ROLE … SET search_path = public;",
  ],
  "42P01": ["unexpected", "a table was dropped or renamed meanwhile", "Run this again: it looks at what is there now."],
  "42703": [
    "unexpected",
    "a column was dropped or renamed meanwhile",
    "Run this again: it looks at what is there now.",
  ],
  "53100": ["disk-full", "the server's disk is full", "Free some space there, and run this again."],
};

const GOES_ON = "Run this again: it goes on where it was.";
const DIRECTLY = "connect to the database directly (on Supabase: port 5432 of the direct connection)";

/** Class 08 but for protocol violations, the operator's interventions, and what a socket says. */
const LOST = /^(?:08(?!P01)|57P0|ECONNRESET$|EPIPE$)/;

/** PgBouncer gives everything that it says itself the code of a protocol violation: https://www.pgbouncer.org/faq.html */
const OF_POOLERS: readonly (readonly [RegExp, readonly [DatabaseErrorCode, string, string]])[] = [
  [
    /transaction blocks not allowed/,
    [
      "denied",
      "the pooler before the database allows no transactions (pool_mode = statement)",
      `Put into database.url the address to ${DIRECTLY}.`,
    ],
  ],
  [
    /query_wait_timeout|no more connections/,
    [
      "locked",
      "the pooler before the database had no connection to give for too long",
      `Make its pool larger, or ${DIRECTLY}.`,
    ],
  ],
  [
    /unsupported startup parameter/,
    [
      "denied",
      "the pooler before the database does not take a setting of database.url",
      `Take it out of the URL (\`options=…\`), or ${DIRECTLY}.`,
    ],
  ],
  [
    /^/,
    [
      "unreachable",
      "the pooler before the database ended the connection",
      `${GOES_ON} If it happens again, ${DIRECTLY}.`,
    ],
  ],
];

/** A lock, a deadlock, a serialization failure: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const PASSING = new Set(["55P03", "40P01", "40001", "57014"]);

/** The client has no code for a connection that ended while nothing, or something, was asked. */
const ENDED = /^(?:Connection terminated|Client has encountered a connection error)/;

function codeOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === "string") return code;
  return typeof message === "string" && ENDED.test(message) ? "08006" : "";
}

/** An error of the database or of the way to it. */
export function isOfDatabase(error: unknown): boolean {
  return codeOf(error) !== "";
}

export function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error));
}

/** A `WITH CHECK` of a policy: it has the code of a grant that is missing, and only the function of the server that says it differs. */
export function isAboutPolicies(error: unknown): boolean {
  return codeOf(error) === "42501" && (error as { readonly routine?: unknown }).routine === "ExecWithCheckOptions";
}

/** A policy, or one of the classes 22 (data), 23 (constraints), 44 (check option), P0 (raised by a trigger), and 54 (a value or an index row too long). */
export function isAboutTheCell(error: unknown): boolean {
  return isAboutPolicies(error) || /^(?:22|23|44|P0|54)/.test(codeOf(error));
}

/** Codes only: a message of Postgres may hold values of rows. */
export function translate(error: unknown, url: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const where = URL.canParse(url) ? new URL(url).host : "the database";
  const code = codeOf(error);
  const [kind, message, hint] = BY_CODE[code] ??
    ofConnection(error as Error, code) ?? [
      (error as Error).message === "timeout exceeded when trying to connect" ? "unreachable" : "unexpected",
      `the database failed (${code === "" ? (error as Error).name : code})`,
    ];
  return new DatabaseError(kind, `${where}: ${message}`, { ...(hint === undefined ? {} : { hint }), cause: error });
}

function ofConnection({ message }: Error, code: string): readonly [DatabaseErrorCode, string, string] | undefined {
  if (LOST.test(code)) return ["unreachable", "the connection was lost", GOES_ON];
  return code === "08P01" ? OF_POOLERS.find(([pattern]) => pattern.test(message))?.[1] : undefined;
}
