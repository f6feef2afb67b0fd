import { pino, type Logger } from "pino";
import type { ServiceConfig } from "../config/service-config.ts";

/** JSON lines on stdout. Whatever could be a secret is left out by name, wherever it stands. */
export function logger(level: ServiceConfig["logLevel"]): Logger {
  return pino({
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["*.authorization", "*.cookie", '*["x-api-key"]', "*.token", "*.secret"], censor: "[left out]" },
  });
}
