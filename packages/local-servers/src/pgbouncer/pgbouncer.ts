import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireEngine } from "../engines/require-engine.ts";
import { LOOPBACK } from "../local-server.ts";
import { childServer } from "../process/child-server.ts";
import { freePort } from "../process/free-port.ts";
import { unprivilegedUser } from "../process/unprivileged-user.ts";
import { findPgBouncer } from "./find-binary.ts";

/** How long a client keeps a connection to the server: https://www.pgbouncer.org/config.html#pool_mode */
export type PoolMode = "session" | "transaction" | "statement";

export interface PgBouncerOptions {
  readonly poolMode: PoolMode;
  /** Connections to the server for each database and user. Default: 20, as PgBouncer has it. */
  readonly poolSize?: number | undefined;
  /** How long a client waits for one of them before it is disconnected. Default: 120 s, as PgBouncer has it. */
  readonly queryWaitTimeoutS?: number | undefined;
}

export interface PgBouncerServer {
  /** The same database, user and password as before, through the pooler. */
  urlOf(databaseUrl: string): string;
  /** PgBouncer's own console, where `KILL database` and `SHOW POOLS` are asked. */
  readonly consoleUrl: string;
  /** Again is no error. */
  close(): Promise<void>;
}

export const PGBOUNCER_HINT =
  "Install PgBouncer (the package `pgbouncer` of Debian, Ubuntu and Homebrew; it is looked for in PATH and in the usual folders).";

const PORT_TRIES = 5;

/** A PgBouncer before every database of the server at `serverUrl`; undefined where none is installed. */
export async function pgBouncer(serverUrl: string, options: PgBouncerOptions): Promise<PgBouncerServer | undefined> {
  const program = findPgBouncer();
  if (program === undefined) return undefined;
  const user = unprivilegedUser();
  const folder = mkdtempSync(join(tmpdir(), "local-pgbouncer-"));
  try {
    for (let tried = 1; ; tried += 1) {
      const port = await freePort();
      // One that did not start has taken its folder with it.
      mkdirSync(folder, { recursive: true });
      const files = configuration(folder, new URL(serverUrl), port, options);
      for (const [path, text] of Object.entries(files)) writeFileSync(path, text, { mode: 0o600 });
      if (user !== undefined) {
        for (const path of [folder, ...Object.keys(files)]) chownSync(path, user.uid, user.gid);
      }
      const server = childServer([program, join(folder, "pgbouncer.ini")], {
        user,
        saysWhenReady: "process up: PgBouncer",
        // At once: https://www.pgbouncer.org/usage.html#signals
        endSignal: "TERM",
        removeAtEnd: folder,
      });
      const failure = await server.started;
      if (failure === undefined) return serverAt(new URL(serverUrl), port, () => server.stop());
      // Between the look for a free port and its use, somebody else may have taken it.
      if (tried === PORT_TRIES || !failure.includes("could not listen"))
        throw new Error(`PgBouncer did not start: ${failure}`);
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The same for tests: a missing PgBouncer skips them loudly, and fails in CI. */
export async function requirePgBouncer(
  serverUrl: string,
  options: PgBouncerOptions,
): Promise<PgBouncerServer | undefined> {
  return requireEngine("PgBouncer", await pgBouncer(serverUrl, options), PGBOUNCER_HINT);
}

function serverAt(server: URL, port: number, stop: () => Promise<void>): PgBouncerServer {
  const urlOf = (databaseUrl: string): string => {
    const url = new URL(databaseUrl);
    url.host = `${LOOPBACK}:${port}`;
    return url.href;
  };
  const console = new URL(server);
  console.pathname = "/pgbouncer";
  return { urlOf, consoleUrl: urlOf(console.href), close: stop };
}

/** Its files by their paths. */
function configuration(
  folder: string,
  { hostname, port, username, password }: URL,
  ownPort: number,
  { poolMode, poolSize = 20, queryWaitTimeoutS = 120 }: PgBouncerOptions,
): Readonly<Record<string, string>> {
  const users = join(folder, "users.txt");
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  const settings = {
    listen_addr: LOOPBACK,
    listen_port: ownPort,
    unix_socket_dir: "",
    auth_type: "scram-sha-256",
    auth_file: users,
    admin_users: user,
    pool_mode: poolMode,
    default_pool_size: poolSize,
    query_wait_timeout: queryWaitTimeoutS,
    max_client_conn: 200,
    log_connections: 0,
    log_disconnections: 0,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return {
    [users]: `${quoted(user)} ${quoted(secret)}\n`,
    [join(folder, "pgbouncer.ini")]: [
      "[databases]",
      `* = host=${hostname} port=${port === "" ? 5432 : port}`,
      "[pgbouncer]",
      ...lines,
      "",
    ].join("\n"),
  };
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
