import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { LOOPBACK } from "../local-server.ts";
import { freePort } from "../process/free-port.ts";
import { childServer, type ChildServer } from "../process/child-server.ts";
import { unprivilegedUser, type UnprivilegedUser } from "../process/unprivileged-user.ts";

/** A running PostgreSQL with its own data. */
export interface Cluster {
  readonly port: number;
  readonly password: string;
  /** Stops the server; a cluster in a directory of its own making is removed. Again is no error. */
  stop(): Promise<void>;
}

export const SUPERUSER = "postgres";
const PORT_TRIES = 5;

export async function startCluster(binaries: string, directory: string | undefined): Promise<Cluster> {
  const user = unprivilegedUser();
  const root = directory ?? mkdtempSync(join(tmpdir(), "local-postgres-"));
  const data = join(root, "data");
  const passwordFile = join(root, "password");
  const removes = directory === undefined;
  try {
    const password = existsSync(data)
      ? readFileSync(passwordFile, "utf8").trim()
      : randomBytes(18).toString("base64url");
    for (let tried = 1; ; tried += 1) {
      // One that did not start has taken its own folder with it.
      mkdirSync(root, { recursive: true });
      if (user !== undefined) chownSync(root, user.uid, user.gid);
      if (!existsSync(data)) await initialize(binaries, data, passwordFile, password, user);
      const port = await freePort();
      const server = runServer(binaries, data, port, user, removes ? root : undefined);
      const failure = await server.started;
      if (failure === undefined) return { port, password, stop: () => server.stop() };
      // Between the look for a free port and its use, somebody else may have taken it.
      if (tried === PORT_TRIES || !failure.includes("could not bind"))
        throw new Error(`PostgreSQL did not start: ${failure}`);
    }
  } catch (error) {
    if (removes) rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

async function initialize(
  binaries: string,
  data: string,
  passwordFile: string,
  password: string,
  user: UnprivilegedUser | undefined,
): Promise<void> {
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"];
  await promisify(execFile)(
    join(binaries, "initdb"),
    [`--pgdata=${data}`, `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, ...options],
    { ...user, cwd: tmpdir() },
  );
}

function runServer(
  binaries: string,
  data: string,
  port: number,
  user: UnprivilegedUser | undefined,
  removeAtEnd: string | undefined,
): ChildServer {
  const settings = {
    listen_addresses: LOOPBACK,
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "32MB",
    log_min_messages: "warning",
    // Data of tests need not survive a loss of power, and half of the time goes into that.
    ...(removeAtEnd === undefined ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return childServer([join(binaries, "postgres"), "-D", data, ...options], {
    user,
    // A standby says that it takes read-only connections.
    saysWhenReady: "database system is ready to accept ",
    // Fast shutdown: it ends its connections. https://www.postgresql.org/docs/current/server-shutdown.html
    endSignal: "INT",
    removeAtEnd,
  });
}
