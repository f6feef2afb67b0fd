import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStorageError, type StorageProvider } from "@bucketferry/storage-core";
import { expect, test } from "vitest";
import { fs } from "../src/index.ts";

const WRITER = join(import.meta.dirname, "programs/endless-writer.ts");
const KEYS = ["a", "b/c"];

async function startedWriter(directory: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--conditions=@bucketferry/source", WRITER, directory, ...KEYS], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

/** Reads the object, if there is one, and expects that its bytes and its metadata are of one put. */
async function expectOnePut(files: StorageProvider, key: string): Promise<void> {
  try {
    const { info, text } = await files.get(key).then(async (found) => ({ ...found, text: await found.text() }));
    const mark = info.metadata["mark"];
    expect(text.slice(0, 36)).toBe(mark);
    expect(text.length % 36).toBe(0);
  } catch (error) {
    // Deleted, or replaced while it was looked for.
    if (!isStorageError(error, "NotFound")) throw error;
  }
}

test("while processes write and delete the same keys, and after they were killed, each object has the bytes and the metadata of one put", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
  const files = fs({ directory, durable: false });
  const writers = await Promise.all([startedWriter(directory), startedWriter(directory), startedWriter(directory)]);
  for (let reads = 0; reads < 300; reads += 1) {
    for (const key of KEYS) await expectOnePut(files, key);
  }
  for (const writer of writers) {
    const exit = once(writer, "exit");
    writer.kill("SIGKILL");
    await exit;
  }
  let seen = 0;
  for await (const entry of files.list()) {
    if (entry.type === "object") await expectOnePut(files, entry.key);
    seen += 1;
  }
  expect(seen).toBeGreaterThan(0);
  await files.close();
  await rm(directory, { recursive: true });
});
