import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
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
export function writeSidecar(layout: FsLayout, key: string, identity: string, sidecar: Sidecar): void {
  const folder = layout.sidecars(key);
  for (;;) {
    try {
      return writeFileSync(join(folder, `${identity}.json`), JSON.stringify(sidecar));
    } catch (error) {
      // The first version of its key; or a delete in another process has just taken the empty folder away.
      if (!hasCode(error, "ENOENT")) throw error;
      mkdirSync(folder, { recursive: true });
    }
  }
}

/** Undefined: a file that somebody else put there, or one that was replaced meanwhile. */
export function readSidecar(layout: FsLayout, key: string, identity: string): Sidecar | undefined {
  try {
    return JSON.parse(readFileSync(join(layout.sidecars(key), `${identity}.json`), "utf8")) as Sidecar;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Forgets what was known of a version that another has replaced, and of versions whose writers died long ago. */
export function removeSidecar(layout: FsLayout, key: string, identity: string): void {
  const folder = layout.sidecars(key);
  ignoringAbsence(() => unlinkSync(join(folder, `${identity}.json`)));
  removeAbandoned(folder);
}

/** The same where no version is left, as far as this process knows. */
export function removeLastSidecar(layout: FsLayout, key: string, identity: string): void {
  removeSidecar(layout, key, identity);
  try {
    rmdirSync(layout.sidecars(key));
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}

function removeAbandoned(folder: string): void {
  const names = namesIn(folder);
  // One is the normal state: that of the current version.
  if (names.length < 3) return;
  const before = Date.now() - ABANDONED_AFTER_MS;
  for (const name of names.toSorted().slice(0, -1)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < before) ignoringAbsence(() => unlinkSync(path));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function ignoringAbsence(removal: () => void): void {
  try {
    removal();
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
