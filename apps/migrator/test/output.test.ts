import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cli } from "./cli.ts";
import { openWorld, seed, type World } from "./world.ts";

const CLI = join(import.meta.dirname, "../src/cli.ts");
const OBJECTS = 60;
let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, OBJECTS);
  await cli(["plan", "-c", world.configFile]);
});
afterAll(() => world.close());

/** /dev/full takes nothing, as a full disk does: full(4). */
async function withFullDisk(stream: "stdout" | "stderr", args: readonly string[]) {
  const full = openSync("/dev/full", "w");
  const child = spawn(process.execPath, ["--conditions=@bucketferry/source", CLI, ...args, "-c", world.configFile], {
    env: { ...process.env, INIT_CWD: undefined },
    stdio: ["ignore", stream === "stdout" ? full : "ignore", stream === "stderr" ? full : "pipe"],
  });
  closeSync(full);
  const [[code], stderr] = await Promise.all([
    once(child, "exit") as Promise<[number | null]>,
    child.stderr === null ? "" : buffer(child.stderr).then(String),
  ]);
  return { code, stderr };
}

it.skipIf(process.platform !== "linux")(
  "a full disk of the output stops no copy, and is told once and by the exit code",
  async () => {
    const { code, stderr } = await withFullDisk("stdout", ["copy", "--json"]);
    expect(stderr).toBe("error: what is reported cannot be written (ENOSPC); the work goes on without it.\n");
    expect(code).toBe(1);
    const { summary } = await cli(["status", "--json", "-c", world.configFile]);
    expect(summary).toMatchObject({ counts: { copied: OBJECTS } });
  },
);

it.skipIf(process.platform !== "linux")("a full disk of the log stops nothing", async () => {
  expect(await withFullDisk("stderr", ["verify", "--log-level", "debug"])).toMatchObject({ code: 0 });
});
