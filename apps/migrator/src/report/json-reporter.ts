import type { Writable } from "node:stream";
import { logTo } from "./log.ts";
import { etaSeconds, rateMeter } from "./rate.ts";
import type { LogLevel, Reporter } from "./reporter.ts";

const PROGRESS_EVERY_MS = 2_000;

/** One JSON object a line on `out`, and nothing else there. */
export function jsonReporter(out: Writable, errors: Writable, level: LogLevel): Reporter {
  const write = (value: object): void => {
    out.write(`${JSON.stringify(value)}\n`);
  };
  return {
    kind: "json",
    event: write,
    line: () => undefined,
    table: () => undefined,
    progress(state) {
      const meter = rateMeter();
      const tell = (): void => {
        const reading = meter.read();
        const eta = etaSeconds(reading, { objects: state.totalObjects, bytes: state.totalBytes });
        write({
          type: "progress",
          stage: state.stage,
          objects: reading.objects,
          totalObjects: state.totalObjects,
          bytes: reading.bytes,
          totalBytes: state.totalBytes,
          objectsPerSecond: Math.round(reading.objectsPerSecond),
          bytesPerSecond: Math.round(reading.bytesPerSecond),
          etaSeconds: eta === undefined ? undefined : Math.round(eta),
        });
      };
      const timer = setInterval(tell, PROGRESS_EVERY_MS).unref();
      return {
        add: meter.add,
        end() {
          clearInterval(timer);
          tell();
        },
      };
    },
    confirm: () => Promise.resolve(undefined),
    logLevel: level,
    log: logTo(errors, level),
    summary: write,
  };
}
