import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { ReadStream, WriteStream } from "node:tty";
import { styleText } from "node:util";
import progressBars, { type SingleBar } from "cli-progress";
import Table from "cli-table3";
import { eventText, type Tone } from "./event-text.ts";
import { fewOfEach, MORE_LIKE_IT } from "./few-of-each.ts";
import { formatBytes, formatCount, formatSeconds } from "./format.ts";
import { logTo } from "./log.ts";
import { etaSeconds, rateMeter } from "./rate.ts";
import type { LogLevel, Reporter } from "./reporter.ts";

const REDRAW_MS = 200;

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0] | undefined>> = {
  plain: undefined,
  dim: "dim",
  good: "green",
  warning: "yellow",
  bad: "red",
};

/** For people at a terminal: bars, tables, colour, questions. `NO_COLOR` and a terminal without colour are respected. */
export function terminalReporter(streams: {
  readonly input: ReadStream;
  readonly out: WriteStream;
  readonly errors: WriteStream;
  readonly level: LogLevel;
}): Reporter {
  const { out, input, errors } = streams;
  let bar: SingleBar | undefined;

  const paint = (tone: Tone, text: string): string => {
    const style = STYLES[tone];
    return style === undefined ? text : styleText(style, text, { stream: out });
  };
  /** The bar stands on the line that is about to be written: it goes away and is drawn again below. */
  const line = (text = ""): void => {
    if (bar?.isActive === true && out.isTTY) out.write("\r\x1b[K");
    out.write(`${text}\n`);
  };
  const log = logTo(errors, streams.level);

  const few = fewOfEach();
  return {
    kind: "terminal",
    event(event) {
      const shown = eventText(event);
      const showing = few(event);
      if (shown === undefined || showing === "hide") return;
      line(paint(shown.tone, shown.text));
      for (const { text, tone } of shown.below ?? []) line(paint(tone, text));
      if (showing === "last") line(paint("dim", MORE_LIKE_IT));
    },
    line,
    table(columns, rows) {
      const table = new Table({
        head: columns.map((column) => styleText("bold", column.title, { stream: out })),
        colAligns: columns.map((column) => column.align ?? "left"),
        style: { head: [], border: [] },
      });
      table.push(...rows.map((row) => [...row]));
      line(table.toString());
    },
    progress({ stage, totalObjects, totalBytes }) {
      const meter = rateMeter();
      const current = new progressBars.SingleBar({
        stream: out,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
        emptyOnZero: true,
        forceRedraw: true,
        format: (options, params, payload: { readonly text: string }) =>
          totalObjects === undefined
            ? `${stage} ${payload.text}`
            : `${stage} ${progressBars.Format.BarFormat(params.progress, options)} ${payload.text}`,
      });
      bar = current;
      const show = (): void => {
        const reading = meter.read();
        const eta = etaSeconds(reading, { objects: totalObjects, bytes: totalBytes });
        const text = [
          `${formatCount(reading.objects)}${totalObjects === undefined ? "" : `/${formatCount(totalObjects)}`}`,
          formatBytes(reading.bytes),
          `${formatCount(Math.round(reading.objectsPerSecond))}/s`,
          `${formatBytes(reading.bytesPerSecond)}/s`,
          ...(eta === undefined ? [] : [`${formatSeconds(eta)} left`]),
        ].join(" · ");
        current.update(Math.min(reading.objects, totalObjects ?? 0), { text });
      };
      current.start(totalObjects ?? 0, 0, { text: "" });
      const timer = setInterval(show, REDRAW_MS).unref();
      return {
        add: meter.add,
        end() {
          clearInterval(timer);
          show();
          current.stop();
          bar = undefined;
        },
      };
    },
    async confirm(question, signal) {
      if (!input.isTTY) return undefined;
      const prompt = createInterface({ input, output: out });
      // While it asks, the terminal gives Ctrl-C to the question instead of the process; a closed input never answers.
      prompt.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
      const closed = once(prompt, "close").then(() => "");
      try {
        const answer = await Promise.race([prompt.question(`${question} [y/N] `, { signal }), closed]);
        return /^\s*y(es)?\s*$/i.test(answer);
      } catch (error) {
        // Ctrl-D rejects the question as well; it is a no.
        if (signal.aborted) throw error;
        return false;
      } finally {
        prompt.close();
      }
    },
    logLevel: streams.level,
    log,
    summary(summary, lines) {
      const tone: Tone = summary.exitCode === 0 ? "good" : summary.exitCode === 130 ? "warning" : "bad";
      lines.forEach((text, i) => line(i === 0 ? paint(tone, text) : text));
    },
  };
}
