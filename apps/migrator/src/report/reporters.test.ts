import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { CommandEvent } from "./events.ts";
import { jsonReporter } from "./json-reporter.ts";
import { plainReporter } from "./plain-reporter.ts";

function sink(): { readonly stream: Writable; readonly text: () => string } {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString("utf8");
      done();
    },
  });
  return { stream, text: () => text };
}

const failed = (key: string): CommandEvent => ({
  type: "object",
  stage: "copy",
  route: "audio",
  key,
  state: "failed",
  reason: "missing",
  code: "Timeout",
  message: "late",
});

describe("the reporter for people", () => {
  it("shows the first objects of each kind, says that there are more, and writes no control character of a key", () => {
    const out = sink();
    const reporter = plainReporter(out.stream, sink().stream, "warn");
    for (let i = 0; i < 1_000; i++) reporter.event(failed(`k${i}\u001b[2J`));
    const lines = out.text().trimEnd().split("\n");
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toContain("more like it");
    expect(out.text()).not.toContain("\u001b");
  });

  it("sets tables by width, numbers to the right", () => {
    const out = sink();
    plainReporter(out.stream, sink().stream, "warn").table(
      [{ title: "state" }, { title: "objects", align: "right" }],
      [
        ["verified", "7"],
        ["failed", "1,234,567"],
      ],
    );
    expect(out.text()).toBe("state       objects\nverified          7\nfailed    1,234,567\n");
  });

  it("logs to stderr what is as grave as asked for, and nothing else", () => {
    const errors = sink();
    const reporter = plainReporter(sink().stream, errors.stream, "warn");
    reporter.log("debug", "details");
    reporter.log("warn", "trouble");
    expect(errors.text()).toMatch(/^\S+Z warn trouble\n$/);
  });
});

it("the reporter for programs writes every event as a line of JSON, and nothing for people", () => {
  const out = sink();
  const reporter = jsonReporter(out.stream, sink().stream, "warn");
  for (let i = 0; i < 50; i++) reporter.event(failed(`k\n${i}`));
  reporter.line("for people");
  reporter.table([{ title: "x" }], [["y"]]);
  const progress = reporter.progress({ stage: "copy", totalObjects: 2, totalBytes: 10 });
  progress.add(1, 5);
  progress.end();
  const events = out
    .text()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });
  expect(events).toHaveLength(51);
  expect(events[7]).toEqual(failed("k\n7"));
  expect(events.at(-1)).toMatchObject({ type: "progress", stage: "copy", objects: 1, bytes: 5, totalObjects: 2 });
});
