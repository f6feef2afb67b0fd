import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { program } from "../src/program.ts";
import { cli } from "./cli.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketferry-usage-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the command line says to these words; nothing runs, since each of them is refused before. */
async function refusalOf(args: readonly string[]): Promise<string> {
  const root = program(() => undefined);
  for (const command of [root, ...root.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  }
  return root.parseAsync(args, { from: "user" }).then(
    () => "accepted",
    (error: Error) => error.message,
  );
}

describe("an option that would do nothing is refused, and the message names what it lacks or excludes", () => {
  it.each([
    ["plan --manifest-format csv", "'--manifest-format' does nothing without option '--manifest'"],
    ["verify --seed a", "'--seed' does nothing without option '--sample'"],
    ["audit f --config c --seed a", "'--seed' does nothing without option '--sample'"],
    ["audit f --quick", "'--quick' does nothing without option '--config'"],
    ["audit f --source", "'--source' does nothing without option '--config'"],
    ["audit f --sample 1%", "'--sample' does nothing without option '--config'"],
    ["audit f --route a", "'--route' does nothing without option '--config' or '--key'"],
    ["audit f --config c --key a --sample 1%", "'--key <key>' cannot be used with option '--sample <rate>'"],
    ["watch --once --interval 5", "'--once' cannot be used with option '--interval <seconds>'"],
    ["prove --no-fetch --accept-unreachable", "'--accept-unreachable' cannot be used with option '--no-fetch'"],
    ["scan --table a --orphans f", "'--orphans <file>' cannot be used with option '--table <name>'"],
    ["verify --quick --sample 1%", "'--quick' cannot be used with option '--sample <rate>'"],
  ])("%s", async (line, message) => {
    expect(await refusalOf(line.split(" "))).toContain(message);
  });
});

describe("a size that cannot be read", () => {
  it.each([
    ["copy", "--bandwidth", "fast", "is not a size. Write it as 10M or 10MiB"],
    ["copy", "--bandwidth", "10Mbit", "is not a size. Write it as 10M or 10MiB"],
    ["copy", "--bandwidth", "0", "would never move a byte"],
    ["plan", "--rate", "fast", "is not a size. Write it as 10M or 10MiB"],
  ])("of %s %s %s is refused with the flag, the value and the fix", async (command, flag, value, problem) => {
    const { code, summary } = await cli([command, flag, value, "--json"], { cwd: directory });
    expect(summary).toMatchObject({
      type: "summary",
      exitCode: 2,
      error: { code: "Usage", message: expect.stringContaining(`${flag} "${value}" ${problem}`) },
    });
    expect(code).toBe(2);
  });
});

describe("a command line that is refused, with --json", () => {
  it.each([
    [["verify", "--quick", "--deep", "--json"], "verify", "option '--quick' cannot be used with option '--deep'"],
    [["plan", "--json", "--nowhere"], "plan", "unknown option '--nowhere'"],
    [["audit", "--json"], "audit", "missing required argument 'evidence'"],
    [["copy", "--concurrency", "many", "--json"], "copy", "It has to be a whole number above 0."],
    [["cpoy", "--json"], "", "unknown command 'cpoy'"],
  ])("of %j ends with one error and one summary", async (args, command, message) => {
    const { code, events, stderr } = await cli(args, { cwd: directory });
    expect(events).toMatchObject([
      { type: "error", code: "Usage", message: expect.stringContaining(message) },
      { type: "summary", command, exitCode: 2, counts: {}, error: { code: "Usage" } },
    ]);
    expect(code).toBe(2);
    // People read it too.
    expect(stderr).toContain(message);
  });

  it("says nothing on stdout without --json", async () => {
    const { code, stdout, stderr } = await cli(["verify", "--quick", "--deep"], { cwd: directory });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("cannot be used with option");
  });
});
