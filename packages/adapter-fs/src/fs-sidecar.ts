import { mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Metadata, SystemHeaders } from "@bucketferry/storage-core/provider";
import { hasCode } from "./fs-errors.ts";
import type { FsLayout, SidecarPlace } from "./fs-layout.ts";

/** What a plain file cannot say of itself. */
export interface Sidecar extends SystemHeaders {
  readonly metadata: Metadata;
  /** Base64. */
  readonly sha256?: string | undefined;
}

/**
 * Written before the file takes its name, under the identity that it will have there. So a reader who has the file
 * open finds what belongs to it and nothing else, and bytes and metadata change places in one step: the rename.
 * Needs no temporary name of its own, since nobody looks for it before. Answers its path.
 */
export function writeSidecar(layout: FsLayout, key: string, identity: string, sidecar: Sidecar): string {
  const place = layout.sidecars(key);
  const path = pathOf(place, identity);
  const text = JSON.stringify(sidecar);
  try {
    writeFileSync(path, text);
  } catch (error) {
    // The first one in this folder, which stays.
    if (!hasCode(error, "ENOENT")) throw error;
    mkdirSync(place.folder, { recursive: true });
    writeFileSync(path, text);
  }
  return path;
}

/** Undefined: a file that somebody else put there, or one that was replaced meanwhile. */
export function readSidecar(layout: FsLayout, key: string, identity: string): Sidecar | undefined {
  const place = layout.sidecars(key);
  return readJson(pathOf(place, identity)) ?? readJson(formerPathOf(place, identity));
}

/** Forgets what was known of a version that is no more. */
export function removeSidecar(layout: FsLayout, key: string, identity: string): void {
  const place = layout.sidecars(key);
  if (isRemoved(pathOf(place, identity)) || !isRemoved(formerPathOf(place, identity))) return;
  try {
    rmdirSync(place.formerFolder);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}

function pathOf({ folder, prefix }: SidecarPlace, identity: string): string {
  return join(folder, `${prefix}${identity}.json`);
}

function formerPathOf({ formerFolder }: SidecarPlace, identity: string): string {
  return join(formerFolder, `${identity}.json`);
}

function readJson(path: string): Sidecar | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Sidecar;
  } catch (error) {
    // A power cut may leave an empty file to who does not want to wait for the disk: the bytes of the object are still good.
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRemoved(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return false;
  }
}
