import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "@bucketferry/storage-core";
import type { ObjectInfo } from "@bucketferry/storage-core/provider";
import { identityAt, refuseEscape } from "./fs-commit.ts";
import { hasCode } from "./fs-errors.ts";
import { fileIdentity } from "./fs-identity.ts";
import type { FsLayout } from "./fs-layout.ts";
import { objectInfo } from "./fs-object-info.ts";
import { requireRoot } from "./fs-root.ts";
import { readSidecar } from "./fs-sidecar.ts";

/** Nonblocking, since a pipe that somebody put there would hold one of the few threads that all files share, for ever. */
export const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** One version of an object, held open: whatever is put meanwhile, these are its bytes and its headers. */
export interface OpenObject {
  readonly file: FileHandle;
  readonly info: ObjectInfo;
}

/** @throws NotFound, BucketNotFound */
export async function openObject(layout: FsLayout, key: string): Promise<OpenObject> {
  for (;;) {
    const file = await openFile(layout, key);
    try {
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) throw notFound();
      const identity = fileIdentity(stats);
      const sidecar = readSidecar(layout, key, identity);
      // Without a sidecar it is somebody else's file, or was replaced between opening and looking; then look again.
      if (sidecar !== undefined || identityAt(layout.object(key)) === identity) {
        return { file, info: objectInfo(key, stats, sidecar) };
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
  }
}

async function openFile(layout: FsLayout, key: string): Promise<FileHandle> {
  const path = layout.object(key);
  try {
    const file = await open(path, READ);
    try {
      refuseEscape(dirname(path), layout);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) throw error;
    await requireRoot(layout);
    throw notFound(error);
  }
}

function notFound(cause?: unknown): StorageError {
  return new StorageError("NotFound", "there is no such object", { cause });
}
