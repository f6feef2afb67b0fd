import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fsLayout } from "./fs-layout.ts";
import { fs } from "./index.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
});

afterEach(() => rm(directory, { recursive: true }));

/** An object whose sidecar is where versions before 1 wrote it. */
async function objectOfFormerLayout(key: string): Promise<void> {
  const files = fs({ directory, durable: false });
  const { etag } = await files.put(key, "old", { contentType: "audio/mp4", metadata: { lecturer: "ada" } });
  await files.close();
  const { folder, prefix, formerFolder } = fsLayout(directory).sidecars(key);
  await mkdir(formerFolder);
  await rename(join(folder, `${prefix}${etag}.json`), join(formerFolder, `${etag}.json`));
}

test("an object in the former layout is read with all that is known of it", async () => {
  await objectOfFormerLayout("a/b");
  const files = fs({ directory });
  expect(await files.head("a/b")).toMatchObject({
    contentType: "audio/mp4",
    metadata: { lecturer: "ada" },
    checksums: { type: "full" },
  });
  await files.close();
});

test("what replaces an object of the former layout, or deletes it, leaves nothing of that layout", async () => {
  await objectOfFormerLayout("a");
  await objectOfFormerLayout("b");
  const files = fs({ directory, durable: false });
  const { etag } = await files.put("a", "new");
  await files.delete("b");
  expect((await files.head("a")).metadata).toEqual({});
  await files.close();
  const ofA = fsLayout(directory).sidecars("a");
  const ofB = fsLayout(directory).sidecars("b");
  expect(await readdir(ofA.folder)).toEqual([`${ofA.prefix}${etag}.json`]);
  expect(await readdir(ofB.folder)).toEqual([]);
});

test("an object is read without its metadata when a power cut has left the sidecar empty", async () => {
  const files = fs({ directory, durable: false });
  const { etag } = await files.put("a", "x", { contentType: "audio/mp4" });
  const { folder, prefix } = fsLayout(directory).sidecars("a");
  await writeFile(join(folder, `${prefix}${etag}.json`), "");
  expect(await files.get("a").then(({ info }) => info.contentType)).toBe("application/octet-stream");
  await files.close();
});
