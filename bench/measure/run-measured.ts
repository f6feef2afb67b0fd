import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpuOfEndedChildrenMs, watchMemory } from "./process-tree.ts";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What one run of a program cost, with everything that it started. */
export interface Cost {
  readonly wallMs: number;
  /** User and system. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

export interface MeasuredRun extends Cost {
  readonly stdout: string;
}

/** Much of what a failing program says says little more. */
const SHOWN_CHARACTERS = 4_000;

/**
 * Runs a program to its end. CPU time is what the system books on this process for children that have ended, so only one
 * may be measured at a time.
 *
 * @throws Error with its output when it ends otherwise than with exit code 0
 */
export async function runMeasured({ program, args, env = {} }: Command): Promise<MeasuredRun> {
  const cpuBeforeMs = cpuOfEndedChildrenMs();
  const start = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const memory = watchMemory(child.pid ?? 0);
  let wallMs = Number.NaN;
  child.once("exit", () => {
    wallMs = performance.now() - start;
  });
  try {
    const [code, signal] = await closed;
    if (code !== 0) {
      const said = `${output.stderr}\n${output.stdout}`.trim().slice(-SHOWN_CHARACTERS);
      throw new Error(`${program} ${args.join(" ")} ended with ${code ?? signal}:\n${said}`);
    }
    return { wallMs, cpuMs: cpuOfEndedChildrenMs() - cpuBeforeMs, peakRssBytes: memory.stop(), stdout: output.stdout };
  } finally {
    memory.stop();
  }
}
