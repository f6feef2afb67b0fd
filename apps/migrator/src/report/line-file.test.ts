import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { lineFile } from "./line-file.ts";

async function scratchPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bucketferry-line-file-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "lines.txt");
}

const LINE = `${"x".repeat(1023)}\n`;
const LINES = 1024;

test("who waits for the disk after it has caught up already goes on at once", async () => {
  const path = await scratchPath();
  const file = await lineFile(path);
  for (let line = 0; line < LINES; line++) file.write(LINE);
  while ((await stat(`${path}.part`)).size < LINE.length * LINES) await setImmediate();
  // The stream hears of the last bytes a few turns after they can be seen.
  for (let turn = 0; turn < 100; turn++) await setImmediate();

  await file.drained();
  await file.finish();

  expect(await readFile(path, "utf8")).toBe(LINE.repeat(LINES));
});

test("many may wait for the disk at once, and Node takes them for no leak", async () => {
  const warnings: string[] = [];
  const hear = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", hear);
  onTestFinished(() => void process.off("warning", hear));
  const file = await lineFile(await scratchPath());
  for (let line = 0; line < LINES; line++) file.write(LINE);

  await Promise.all(Array.from({ length: 32 }, () => file.drained()));
  await file.finish();
  await setImmediate();

  expect(warnings).toEqual([]);
});

test("a file that is given up leaves nothing behind", async () => {
  const path = await scratchPath();
  const file = await lineFile(path);
  file.write(LINE);

  await file.discard();

  await expect(stat(`${path}.part`)).rejects.toMatchObject({ code: "ENOENT" });
  await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a path that is a folder is refused before any work is done for it", async () => {
  const path = await scratchPath();
  await mkdir(path);

  await expect(lineFile(path)).rejects.toMatchObject({ code: "PathIsFolder", exitCode: 2 });
  await expect(stat(`${path}.part`)).rejects.toMatchObject({ code: "ENOENT" });
});

test.skipIf(process.platform !== "linux")(
  "a path where no file can be made is refused at once, with the fix",
  async () => {
    await expect(lineFile("/proc/nowhere/lines.txt")).rejects.toMatchObject({
      code: "PathNotWritable",
      exitCode: 2,
      message: expect.stringContaining("/proc/nowhere/lines.txt"),
    });
    await expect(lineFile("/proc/lines.txt")).rejects.toMatchObject({ code: "PathNotWritable" });
  },
);
