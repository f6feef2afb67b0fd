import { stat } from "node:fs/promises";
import { StorageError } from "@bucketferry/storage-core";
import { hasCode } from "./fs-errors.ts";
import type { FsLayout } from "./fs-layout.ts";

/** @throws BucketNotFound when the directory itself is not there */
export async function requireRoot(layout: FsLayout): Promise<void> {
  const found = await stat(layout.root).catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (found?.isDirectory() === true) return;
  throw new StorageError("BucketNotFound", `there is no directory ${layout.root}`, {
    hint: "Make it, or let `ensureBucket` do it.",
  });
}
