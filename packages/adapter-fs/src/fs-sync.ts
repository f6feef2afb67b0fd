import { open, type FileHandle } from "node:fs/promises";
import { hasCode } from "./fs-errors.ts";

/** Waits until a file's bytes are on the disk. */
export async function syncFile(path: string): Promise<void> {
  // Windows syncs only what is open for writing.
  await closing(await open(path, "r+"), (file) => file.datasync());
}

/** A rename is on disk when its folder is (fsync(2)). Windows cannot open folders, and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r").catch((error: unknown) => {
    // The object was deleted meanwhile, and its folder with it.
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (handle !== undefined) await closing(handle, (file) => file.sync());
}

async function closing(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
