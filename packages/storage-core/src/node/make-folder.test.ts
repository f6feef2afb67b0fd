import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFolder } from "./make-folder.ts";

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "bucketferry-make-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("folders are made with those above them, and one that is there is left alone", () => {
  const path = join(scratch(), "a/b/c");
  makeFolder(path);
  makeFolder(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test("a file in the way is an error", () => {
  const folder = scratch();
  writeFileSync(join(folder, "a"), "");
  expect(() => makeFolder(join(folder, "a/b"))).toThrow(/EEXIST|ENOTDIR/);
});

test.skipIf(process.platform !== "linux")(
  "a folder that cannot be made is an error, and no loop without an end",
  () => {
    expect(() => makeFolder("/proc/nowhere/below")).toThrow(/ENOENT/);
  },
);
