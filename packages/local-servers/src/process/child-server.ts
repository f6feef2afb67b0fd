import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { UnprivilegedUser } from "./unprivileged-user.ts";

export interface ChildServerOptions {
  readonly user: UnprivilegedUser | undefined;
  /** Part of the line in its log that says that it takes connections. */
  readonly saysWhenReady: string;
  /** Ends it, and the connections that it has. */
  readonly endSignal: "INT" | "TERM";
  /** A folder that goes when the server has ended. */
  readonly removeAtEnd: string | undefined;
}

/** A program that serves until `stop`, or until this process ends. */
export interface ChildServer {
  /** Undefined once it takes connections; else what it said before it ended. */
  readonly started: Promise<string | undefined>;
  /** Again is no error. */
  stop(): Promise<void>;
}

type ServerProcess = ChildProcessByStdio<Writable, null, Readable>;

/**
 * Runs a server until our end of its standard input closes: also when this process is killed, since the pipe goes
 * with it. Then the folder that was only for this run is removed.
 */
const RUN_WHILE_PARENT_LIVES = `
exec 3<&0
"$@" </dev/null &
server=$!
(cat <&3 >/dev/null; kill -$END_SIGNAL $server) 2>/dev/null &
wait $server
if [ -n "$REMOVE_AT_END" ]; then rm -rf "$REMOVE_AT_END"; fi
`;

/** `command`: the program and its arguments. It logs to its standard error. */
export function childServer(command: readonly string[], options: ChildServerOptions): ChildServer {
  const { user, saysWhenReady, endSignal, removeAtEnd } = options;
  const server = spawn("/bin/sh", ["-c", RUN_WHILE_PARENT_LIVES, "sh", ...command], {
    ...user,
    cwd: tmpdir(),
    env: { ...process.env, END_SIGNAL: endSignal, REMOVE_AT_END: removeAtEnd ?? "" },
    stdio: ["pipe", "ignore", "pipe"],
    // A Ctrl-C is for this process, which then stops the server in its own time.
    detached: true,
  });
  let stopped: Promise<void> | undefined;
  return { started: whenReady(server, saysWhenReady), stop: () => (stopped ??= stop(server, removeAtEnd)) };
}

async function whenReady(server: ServerProcess, saysWhenReady: string): Promise<string | undefined> {
  const said: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const lines = createInterface({ input: server.stderr });
  lines.on("line", (line) => {
    // After it is ready its log is still read, so that the pipe never fills, but no longer kept.
    if (said.length < 100) said.push(line);
    if (line.includes(saysWhenReady)) resolve(undefined);
  });
  server.once("error", (error) => resolve(String(error)));
  server.once("exit", () => resolve(said.join("\n")));
  return promise;
}

async function stop(server: ServerProcess, removeAtEnd: string | undefined): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const exited = once(server, "exit");
    server.stdin.end();
    await exited;
  }
  server.stderr.destroy();
  if (removeAtEnd !== undefined) rmSync(removeAtEnd, { recursive: true, force: true });
}
