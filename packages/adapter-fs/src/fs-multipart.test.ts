import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fsLayout, type FsLayout } from "./fs-layout.ts";
import { fs } from "./index.ts";

let directory: string;
let layout: FsLayout;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
  layout = fsLayout(directory);
});

afterEach(() => rm(directory, { recursive: true }));

test("an upload whose description was cut short is none, and hides no other", async () => {
  const files = fs({ directory, durable: false });
  const sound = await files.multipart.create("sound");
  const cut = "00000000-0000-4000-8000-000000000000";
  await mkdir(join(layout.uploads, cut));
  await writeFile(join(layout.uploads, cut, "upload.json"), '{"key":"c');
  expect((await Array.fromAsync(files.multipart.list())).map(({ key }) => key)).toEqual(["sound"]);
  const upload = { key: "cut", uploadId: cut };
  await expect(files.multipart.uploadPart(upload, 1, "x")).rejects.toMatchObject({ code: "NotFound" });
  await expect(files.multipart.listParts(upload)).rejects.toMatchObject({ code: "NotFound" });
  await files.multipart.abort(sound);
  await files.close();
});

test("an upload that cannot be begun leaves nothing", async () => {
  const files = fs({ directory, durable: false });
  await mkdir(layout.uploads, { recursive: true });
  await rm(layout.uploads, { recursive: true });
  // What stands in the way of its last step, as a full disk does.
  await writeFile(layout.uploads, "");
  await expect(files.multipart.create("a")).rejects.toMatchObject({ provider: "fs" });
  expect(await readdir(layout.temporary).catch(() => [])).toEqual([]);
  await files.close();
});

test("an upload that a killed process was about to begin is removed with its other leftovers", async () => {
  const begun = join(layout.temporary, "00000000-0000-4000-8000-000000000000");
  await mkdir(begun, { recursive: true });
  await writeFile(join(begun, "upload.json"), '{"ke');
  const twoDaysAgo = new Date(Date.now() - 48 * 60 * 60 * 1000);
  await utimes(begun, twoDaysAgo, twoDaysAgo);
  const files = fs({ directory, durable: false });
  await files.put("a", "x");
  await files.close();
  expect(await readdir(layout.temporary)).toEqual([]);
});
