import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { LOOPBACK } from "../local-server.ts";
import { unprivilegedUser, type UnprivilegedUser } from "./unprivileged-user.ts";

/** A running PostgreSQL with its own data. */
export interface Cluster {
  readonly port: number;
  readonly password: string;
  /** Stops the server; a cluster in a directory of its own making is removed. Again is no error. */
  stop(): Promise<void>;
}

export const SUPERUSER = "postgres";
const PORT_TRIES = 5;

type ServerProcess = ChildProcessByStdio<Writable, null, Readable>;

/**
 * Runs PostgreSQL until our end of its standard input closes: also when this process is killed, since the pipe goes
 * with it. Then a cluster that was only for this run is removed.
 */
const RUN_WHILE_PARENT_LIVES = `
exec 3<&0
"$@" </dev/null &
server=$!
(cat <&3 >/dev/null; kill -INT $server) 2>/dev/null &
wait $server
if [ -n "$REMOVE_AT_END" ]; then rm -rf "$REMOVE_AT_END"; fi
`;

export async function startCluster(binaries: string, directory: string | undefined): Promise<Cluster> {
  const user = unprivilegedUser();
  const root = directory ?? mkdtempSync(join(tmpdir(), "local-postgres-"));
  const data = join(root, "data");
  const passwordFile = join(root, "password");
  const removes = directory === undefined;
  try {
    mkdirSync(root, { recursive: true });
    if (user !== undefined) chownSync(root, user.uid, user.gid);
    const password = existsSync(data)
      ? readFileSync(passwordFile, "utf8").trim()
      : randomBytes(18).toString("base64url");
    if (!existsSync(data)) await initialize(binaries, data, passwordFile, password, user);
    for (let tried = 1; ; tried += 1) {
      const port = await freePort();
      const server = runServer(binaries, data, port, user, removes ? root : undefined);
      const failure = await whenReady(server);
      if (failure === undefined) return { port, password, stop: stopper(server, removes ? root : undefined) };
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
): ServerProcess {
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
  const server = [join(binaries, "postgres"), "-D", data];
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawn("/bin/sh", ["-c", RUN_WHILE_PARENT_LIVES, "sh", ...server, ...options], {
    ...user,
    cwd: tmpdir(),
    env: { ...process.env, REMOVE_AT_END: removeAtEnd ?? "" },
    stdio: ["pipe", "ignore", "pipe"],
    // A Ctrl-C is for this process, which then stops the server in its own time.
    detached: true,
  });
}

/** Undefined once it takes connections; else what it said before it ended. */
async function whenReady(server: ServerProcess): Promise<string | undefined> {
  const said: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const lines = createInterface({ input: server.stderr });
  lines.on("line", (line) => {
    // After it is ready its log is still read, so that the pipe never fills, but no longer kept.
    if (said.length < 100) said.push(line);
    // A standby says that it takes read-only connections.
    if (line.includes("database system is ready to accept ")) resolve(undefined);
  });
  server.once("error", (error) => resolve(String(error)));
  server.once("exit", () => resolve(said.join("\n")));
  return promise;
}

function stopper(server: ServerProcess, removes: string | undefined): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const exited = once(server, "exit");
      server.stdin.end();
      await exited;
    }
    server.stderr.destroy();
    if (removes !== undefined) rmSync(removes, { recursive: true, force: true });
  };
  return () => (stopped ??= stop());
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, LOOPBACK);
  await once(probe, "listening");
  const address = probe.address();
  const closed = once(probe, "close");
  probe.close();
  await closed;
  if (address === null || typeof address === "string") throw new Error("A server on TCP has an address with a port.");
  return address.port;
}
