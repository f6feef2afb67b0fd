import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWorld, seed, type World } from "./world.ts";

/** `script` of util-linux runs a command at a terminal of its own. */
const hasScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;
if (!hasScript) console.warn("SKIPPED: a terminal needs the command `script` of util-linux.");

const CLI = join(import.meta.dirname, "../src/cli.ts");
let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Runs the command at a terminal; `answer` is typed when its question is seen. */
async function atTerminal(command: string, answers: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) {
  const line = `'${process.execPath}' --conditions=@bucketferry/source '${CLI}' ${command} --config '${world.configFile}'`;
  // A desk, also when this runs in CI: Node gives the terminals of unknown CI services no colour.
  const desk = { TERM: "xterm-256color", CI: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined };
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    env: { ...process.env, ...desk, ...env },
  });
  const left = new Map(Object.entries(answers));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const [question, answer] of left) {
      if (!output.includes(question)) continue;
      left.delete(question);
      child.stdin.write(answer);
    }
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

describe.skipIf(!hasScript)("at a terminal", () => {
  it("a run asks before it copies, shows bars and tables in colour, and does what it was allowed", async () => {
    await seed(world, 30);
    const { code, output } = await atTerminal("run", { "to the target? [y/N]": "y\n" });
    expect(output).toContain("┌");
    expect(output).toMatch(/copy [=-]+/);
    expect(output).toContain("\u001b[32m");
    expect(output).toContain("All done.");
    expect(code).toBe(0);
    expect(world.count("target", "PutObject", 200)).toBe(30);
  });

  it("a no stops before the step, with the exit code of a gate; NO_COLOR is respected", async () => {
    await seed(world, 3);
    const { code, output } = await atTerminal("run", { "to the target? [y/N]": "n\n" }, { NO_COLOR: "1" });
    expect(code).toBe(4);
    expect(output).toContain("Stopped before the next step");
    expect(output).not.toMatch(/\u001b\[3[0-9]m/);
    expect(world.count("target", "PutObject")).toBe(0);
  });

  it.each([
    ["Ctrl-C", "\u0003", 130],
    ["the end of the input", "\u0004", 4],
  ])("%s at a question ends the command", async (_, key, exitCode) => {
    await seed(world, 3);
    const { code } = await atTerminal("run", { "to the target? [y/N]": key });
    expect(code).toBe(exitCode);
    expect(world.count("target", "PutObject")).toBe(0);
  });
});
