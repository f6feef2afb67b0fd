import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

const CLI = join(import.meta.dirname, "../src/cli.ts");

export interface CliResult {
  /** Exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout as JSON; only with `--json`. */
  readonly events: readonly CliEvent[];
  readonly summary: CliEvent;
}

export type CliEvent = Readonly<Record<string, unknown>> & { readonly type: string };

export interface RunningCli {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: there is none. */
  readonly stdin?: "ignore" | "pipe";
}

/** Starts the real command line in a process of its own. */
export function startCli(args: readonly string[], { cwd, env, stdin = "ignore" }: CliOptions = {}): RunningCli {
  const child = spawn(process.execPath, ["--conditions=@bucketferry/source", CLI, ...args], {
    cwd,
    // The package manager of the test run is not the one of the user that is played here.
    env: { ...process.env, INIT_CWD: undefined, NO_COLOR: "1", ...env },
    // The type of the one stands for both: nobody writes to it.
    stdio: [stdin as "ignore", "pipe", "pipe"],
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const result = Promise.all([buffer(child.stdout), buffer(child.stderr), ended]).then(
    ([out, errors, { code, signal }]) => {
      const stdout = out.toString("utf8");
      // A killed process may leave half a line.
      const lines = stdout.split("\n").slice(0, -1);
      const events = args.includes("--json") ? lines.map((line) => JSON.parse(line) as CliEvent) : [];
      return {
        code,
        signal,
        stdout,
        stderr: errors.toString("utf8"),
        events,
        summary: events.at(-1) ?? { type: "none" },
      };
    },
  );
  return { child, result };
}

export function cli(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return startCli(args, options).result;
}
