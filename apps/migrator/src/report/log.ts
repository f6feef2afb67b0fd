import type { Writable } from "node:stream";
import { LOG_LEVELS, type LogLevel, type Reporter } from "./reporter.ts";

/** Writes messages of this level and the graver ones, one line each. */
export function logTo(out: Writable, level: LogLevel): Reporter["log"] {
  const shown = LOG_LEVELS.indexOf(level);
  return (messageLevel, message) => {
    if (LOG_LEVELS.indexOf(messageLevel) > shown) return;
    out.write(`${new Date().toISOString()} ${messageLevel} ${typeof message === "string" ? message : message()}\n`);
  };
}
