import { mkdir, readdir, readFile, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metadata, SystemHeaders } from "@bucketferry/storage-core/provider";
import { hasCode } from "./fs-errors.ts";
import type { FsLayout } from "./fs-layout.ts";

/** What a plain file cannot say of itself. */
export interface Sidecar extends SystemHeaders {
  readonly metadata: Metadata;
  /** Base64. */
  readonly sha256?: string | undefined;
}

/** A sidecar of no file that is older than this was left by a process that died, and not by one that is about to rename. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Written before the file takes its name, under the identity that it will have there. So a reader who has the file
 * open finds what belongs to it and nothing else, and bytes and metadata change places in one step: the rename.
 */
export async function writeSidecar(layout: FsLayout, key: string, identity: string, sidecar: Sidecar): Promise<void> {
  const folder = layout.sidecars(key);
  for (;;) {
    try {
      await mkdir(folder, { recursive: true });
      return await writeFile(join(folder, `${identity}.json`), JSON.stringify(sidecar));
    } catch (error) {
      // A delete of the same key has just taken the empty folder away.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}

/** Undefined: a file that somebody else put there, or one that was replaced meanwhile. */
export async function readSidecar(layout: FsLayout, key: string, identity: string): Promise<Sidecar | undefined> {
  try {
    return JSON.parse(await readFile(join(layout.sidecars(key), `${identity}.json`), "utf8")) as Sidecar;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Forgets what was known of one version, and of versions whose writers died long ago. */
export async function removeSidecar(layout: FsLayout, key: string, identity: string | undefined): Promise<void> {
  const folder = layout.sidecars(key);
  if (identity !== undefined) await ignoringAbsence(unlink(join(folder, `${identity}.json`)));
  try {
    await rmdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOTEMPTY", "EEXIST")) await removeAbandoned(folder);
    else if (!hasCode(error, "ENOENT")) throw error;
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  const names: string[] = await readdir(folder).catch(() => []);
  // One is the normal state: that of the current version.
  if (names.length < 3) return;
  const before = Date.now() - ABANDONED_AFTER_MS;
  for (const name of names.toSorted().slice(0, -1)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < before) await ignoringAbsence(unlink(path));
  }
}

async function ignoringAbsence(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
