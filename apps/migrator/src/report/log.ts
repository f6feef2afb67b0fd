import type { Writable } from "node:stream";
import { LOG_LEVELS, type LogLevel } from "./reporter.ts";

/** Writes messages of this level and the graver ones, one line each. */
export function logTo(out: Writable, level: LogLevel): (messageLevel: LogLevel, message: string) => void {
  const shown = LOG_LEVELS.indexOf(level);
  return (messageLevel, message) => {
    if (LOG_LEVELS.indexOf(messageLevel) > shown) return;
    out.write(`${new Date().toISOString()} ${messageLevel} ${message}\n`);
  };
}
