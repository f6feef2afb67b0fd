import type { Writable } from "node:stream";
import { LOG_LEVELS, type LogLevel, type Reporter } from "./reporter.ts";

/** Writes messages of this level and the graver ones, one line each. */
export function logTo(out: Writable, level: LogLevel): Reporter["log"] {
  return logsUpTo(level, (messageLevel, message) => {
    out.write(`${new Date().toISOString()} ${messageLevel} ${message}\n`);
  });
}

/** Passes on messages of this level and the graver ones; asks no other for its words. */
export function logsUpTo(level: LogLevel, tell: (level: LogLevel, message: string) => void): Reporter["log"] {
  const shown = LOG_LEVELS.indexOf(level);
  return (messageLevel, message) => {
    if (LOG_LEVELS.indexOf(messageLevel) <= shown)
      tell(messageLevel, typeof message === "string" ? message : message());
  };
}
