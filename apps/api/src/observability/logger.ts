import { pino, type Logger, type LoggerOptions } from "pino";
import type { ServiceConfig } from "../config/service-config.ts";

/**
 * JSON lines on stdout, written beside the work: what came together while one write was under way goes with the next, and
 * the rest at exit. Whatever could be a secret is left out by name, wherever it stands.
 */
export function logger(level: ServiceConfig["logLevel"]): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["*.authorization", "*.cookie", '*["x-api-key"]', "*.token", "*.secret"], censor: "[left out]" },
  };
  return pino(options, pino.destination({ dest: 1, sync: false }));
}
