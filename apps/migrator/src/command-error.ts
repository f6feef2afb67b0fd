import type { ExitCode } from "./exit-codes.ts";

/** Ends a command with a message for people, a code for programs and an exit code for shells. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    details: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.exitCode = exitCode;
    this.code = code;
    this.hint = details.hint;
  }
}
