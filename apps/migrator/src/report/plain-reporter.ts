import type { Writable } from "node:stream";
import { eventText } from "./event-text.ts";
import { fewOfEach, MORE_LIKE_IT } from "./few-of-each.ts";
import { formatBytes, formatCount, formatSeconds } from "./format.ts";
import { logTo } from "./log.ts";
import { etaSeconds, rateMeter } from "./rate.ts";
import type { LogLevel, Reporter } from "./reporter.ts";

const PROGRESS_EVERY_MS = 5_000;
const GAP = "  ";

/** Lines for people behind a pipe or in a log: no colour, no cursor movements, a line of progress now and then. */
export function plainReporter(out: Writable, errors: Writable, level: LogLevel): Reporter {
  const line = (text = ""): void => {
    out.write(`${text}\n`);
  };
  const few = fewOfEach();
  return {
    kind: "plain",
    event(event) {
      const shown = eventText(event);
      const showing = few(event);
      if (shown === undefined || showing === "hide") return;
      if (event.type === "error") errors.write(`${shown.text}\n`);
      else line(shown.text);
      for (const { text } of shown.below ?? []) line(text);
      if (showing === "last") line(MORE_LIKE_IT);
    },
    line,
    table(columns, rows) {
      const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(String))];
      const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
      for (const row of cells) {
        line(
          row
            .map((cell, i) =>
              columns[i]?.align === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
            )
            .join(GAP)
            .trimEnd(),
        );
      }
    },
    progress({ stage, totalObjects, totalBytes }) {
      const meter = rateMeter();
      let told = -1;
      const tell = (): void => {
        const reading = meter.read();
        if (reading.objects === told) return;
        told = reading.objects;
        const eta = etaSeconds(reading, { objects: totalObjects, bytes: totalBytes });
        line(
          [
            `${stage}: ${formatCount(reading.objects)}${totalObjects === undefined ? "" : ` of ${formatCount(totalObjects)}`} objects`,
            formatBytes(reading.bytes),
            `${formatCount(Math.round(reading.objectsPerSecond))}/s`,
            `${formatBytes(reading.bytesPerSecond)}/s`,
            ...(eta === undefined ? [] : [`${formatSeconds(eta)} left`]),
          ].join(", "),
        );
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
    summary(_, lines) {
      for (const text of lines) line(text);
    },
  };
}
