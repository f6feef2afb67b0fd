import type { CommanderError } from "commander";
import { EXIT } from "../exit-codes.ts";
import type { ErrorEvent, SummaryEvent } from "./events.ts";

/** Whether the command line asks for JSON, as far as one can tell where nobody could parse it. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}

/** A command line that was refused, for programs: the same two events that end every other failure. */
export function usageEvents(error: CommanderError, command: string): readonly [ErrorEvent, SummaryEvent] {
  const told = {
    code: "Usage",
    message: messageOf(error),
    hint: `\`bucketferry ${command === "" ? "" : `${command} `}--help\` lists what there is.`,
  };
  return [
    { type: "error", ...told },
    { type: "summary", command, exitCode: EXIT.usage, durationMs: 0, interrupted: false, counts: {}, error: told },
  ];
}

/** It names the option, its value and what is allowed; the word before it and its lines are for people. */
function messageOf({ code, message }: CommanderError): string {
  return code === "commander.help" ? "No command is named." : message.replace(/^error: /, "").replaceAll("\n", " ");
}
