import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, seed, type World } from "./world.ts";

/** Beside the manifest, as the one that is installed: packages that stay outside are found from there. */
const FOLDER = mkdtempSync(join(import.meta.dirname, "../.bundle-test-"));
const CLI = join(FOLDER, "cli.js");
const run = promisify(execFile);

let world: World;
beforeAll(async () => {
  await run(process.execPath, [join(import.meta.dirname, "../../../tools/bundle-cli.ts"), FOLDER]);
  world = await openWorld();
});
afterAll(async () => {
  await world.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

async function bundled(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await run(process.execPath, [CLI, ...args, "-c", world.configFile, "--json"], {
    cwd: world.directory,
    env: { ...process.env, INIT_CWD: undefined, NO_COLOR: "1" },
  });
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Readonly<Record<string, unknown>>;
}

describe("the command line that is installed", () => {
  it("is there, with its child process", () => {
    expect(existsSync(CLI)).toBe(true);
    expect(existsSync(join(FOLDER, "copy-child.js"))).toBe(true);
  });

  it("plans, copies in two processes, verifies and proves", async () => {
    await seed(world, 1100);
    expect(await bundled("plan")).toMatchObject({ counts: { toCopy: { objects: 1100 } } });
    expect(await bundled("copy", "--processes", "2")).toMatchObject({ counts: { copied: 1100 } });
    expect(await bundled("verify", "--deep")).toMatchObject({ counts: { verified: 1100, troubles: 0 } });
    const proof = join(world.directory, "evidence.jsonl");
    await bundled("prove", "--out", proof);
    expect(existsSync(proof)).toBe(true);
  });

  it("knows its own version", async () => {
    const { stdout } = await run(process.execPath, [CLI, "--version"]);
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
