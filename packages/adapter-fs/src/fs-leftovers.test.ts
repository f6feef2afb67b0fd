import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fsLayout, type FsLayout } from "./fs-layout.ts";
import { fs } from "./index.ts";

const TWO_DAYS_AGO = new Date(Date.now() - 48 * 60 * 60 * 1000);

let directory: string;
let layout: FsLayout;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
  layout = fsLayout(directory);
});

afterEach(() => rm(directory, { recursive: true }));

/** A file as a writer left it that was killed two days ago. */
async function abandoned(path: string): Promise<string> {
  await writeFile(path, "{}");
  await utimes(path, TWO_DAYS_AGO, TWO_DAYS_AGO);
  return basename(path);
}

test("the first write of a process removes what killed writers have left, and nothing else", async () => {
  const { folder, prefix } = layout.sidecars("a");
  for (const one of [layout.temporary, layout.temporaryNew, folder]) await mkdir(one, { recursive: true });
  await abandoned(join(layout.temporary, "large"));
  await abandoned(join(layout.temporaryNew, "small"));
  await abandoned(join(folder, `${prefix}1-2-3.json`));
  const ofAnother = await abandoned(join(folder, `${"0".repeat(62)}-1-2-3.json`));
  await writeFile(join(layout.temporary, "being-written"), "");
  await writeFile(join(folder, `${prefix}4-5-6.json`), "{}");

  const files = fs({ directory, durable: false });
  const { etag } = await files.put("a", "x");
  await files.close();

  expect(await readdir(layout.temporary)).toEqual(["being-written"]);
  expect(await readdir(layout.temporaryNew)).toEqual([]);
  expect((await readdir(folder)).toSorted()).toEqual(
    [ofAnother, `${prefix}4-5-6.json`, `${prefix}${etag}.json`].toSorted(),
  );
});

test("a delete takes the sidecar along, and a version that is replaced its own", async () => {
  const { folder, prefix } = layout.sidecars("a");
  const files = fs({ directory, durable: false });
  await files.put("a", "x");
  const { etag } = await files.put("a", "y");
  expect(await readdir(folder)).toEqual([`${prefix}${etag}.json`]);
  await files.delete("a");
  await files.close();
  expect(await readdir(folder)).toEqual([]);
});
