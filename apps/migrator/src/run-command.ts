import { EXIT, type ExitCode } from "./exit-codes.ts";
import { processInterrupt } from "./process/interrupt.ts";
import type { LogLevel, Reporter } from "./report/reporter.ts";
import type { CommandEnvironment } from "./session.ts";

/** Options that every command has. */
export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly logLevel: LogLevel;
  readonly acceptRouteChanges?: boolean | undefined;
}

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: ExitCode;
  /** Goes into the summary line of `--json`, and into the ledger. */
  readonly counts: Readonly<Record<string, unknown>>;
  /** The end of the story for people; the first line stands out. */
  readonly lines: readonly string[];
}

/**
 * Runs one command from its surroundings to its summary. Never throws: whatever goes wrong is an event, a summary and an
 * exit code.
 */
export async function runCommand(
  command: string,
  options: GlobalOptions,
  body: (environment: CommandEnvironment) => Promise<CommandResult>,
): Promise<ExitCode> {
  const startMs = performance.now();
  const reporter = await chooseReporter(options);
  const interrupt = processInterrupt((count) => {
    reporter.log(
      "warn",
      count === 1
        ? "Interrupted: finishing what is under way. Once more ends it at once."
        : "Interrupted again: ending what is under way.",
    );
  });
  const durationMs = (): number => Math.round(performance.now() - startMs);
  try {
    const result = await body({
      command,
      config: options.config,
      acceptRouteChanges: options.acceptRouteChanges ?? false,
      reporter,
      interrupt,
    });
    reporter.summary(
      {
        type: "summary",
        command,
        exitCode: result.exitCode,
        durationMs: durationMs(),
        interrupted: result.exitCode === EXIT.interrupted,
        counts: result.counts,
      },
      result.lines,
    );
    return result.exitCode;
  } catch (error) {
    // It knows the errors of every package, and brings them with it.
    const { describeFailure } = await import("./describe-failure.ts");
    const failure = describeFailure(error);
    const { exitCode, ...told } = failure;
    reporter.event({ type: "error", ...told });
    if (exitCode === EXIT.unexpected && error instanceof Error) reporter.log("debug", error.stack ?? "");
    reporter.summary(
      {
        type: "summary",
        command,
        exitCode,
        durationMs: durationMs(),
        interrupted: exitCode === EXIT.interrupted,
        counts: {},
        error: told,
      },
      [],
    );
    return exitCode;
  } finally {
    interrupt.dispose();
  }
}

async function chooseReporter({ json, logLevel }: GlobalOptions): Promise<Reporter> {
  if (json === true) {
    const { jsonReporter } = await import("./report/json-reporter.ts");
    return jsonReporter(process.stdout, process.stderr, logLevel);
  }
  if (process.stdout.isTTY) {
    const { terminalReporter } = await import("./report/terminal-reporter.ts");
    return terminalReporter({ input: process.stdin, out: process.stdout, errors: process.stderr, level: logLevel });
  }
  const { plainReporter } = await import("./report/plain-reporter.ts");
  return plainReporter(process.stdout, process.stderr, logLevel);
}
