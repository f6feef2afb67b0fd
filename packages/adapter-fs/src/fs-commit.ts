import { linkSync, mkdirSync, realpathSync, renameSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { StorageError } from "@bucketferry/storage-core";
import type { BodyFile } from "./fs-body-file.ts";
import { hasCode } from "./fs-errors.ts";
import { fileIdentity } from "./fs-identity.ts";
import type { KeyLock } from "./fs-key-lock.ts";
import type { FsLayout } from "./fs-layout.ts";
import type { Leftovers } from "./fs-leftovers.ts";
import { removeSidecar, writeSidecar, type Sidecar } from "./fs-sidecar.ts";
import { syncFile, syncFolder } from "./fs-sync.ts";

export interface CommitOptions {
  readonly layout: FsLayout;
  readonly locks: KeyLock;
  readonly leftovers: Leftovers;
  readonly durable: boolean;
  /** Only when no object has the key yet. */
  readonly ifAbsent: boolean;
}

/** Gives a finished body its key: the moment at which readers see it. The temporary file is gone afterwards, either way. */
export async function commit(
  key: string,
  body: BodyFile,
  sidecar: Omit<Sidecar, "sha256">,
  options: CommitOptions,
): Promise<string> {
  const { layout, locks, leftovers, durable } = options;
  const identity = fileIdentity(body.stats);
  const path = layout.object(key);
  try {
    const sidecarPath = writeSidecar(layout, key, identity, { ...sidecar, sha256: body.sha256 });
    // At once: a file system with a journal writes both with one commit.
    if (durable) await Promise.all([syncFile(body.path), syncFile(sidecarPath)]);
    await locks.run(key, async () => {
      const replaced = identityAt(path);
      await intoPlace({ from: body.path, to: path, isNew: replaced === undefined }, options);
      if (replaced !== undefined) removeSidecar(layout, key, replaced);
    });
  } catch (error) {
    // What failed may have come after the rename.
    if (identityAt(path) !== identity) removeSidecar(layout, key, identity);
    await rm(body.path, { force: true });
    throw error;
  }
  await leftovers.afterWrite(key, identity);
  return identity;
}

/** The identity of what is there now; undefined when nothing is. */
export function identityAt(path: string): string | undefined {
  // Undefined for ENOENT and for ENOTDIR.
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : fileIdentity(stats);
}

/** Deletes that take a folder away again and again are a race; something else that does it is none, and is told. */
const MOST_ATTEMPTS = 100;

interface Move {
  readonly from: string;
  readonly to: string;
  /** Nothing has the name, as far as anybody can know. */
  readonly isNew: boolean;
}

async function intoPlace({ from, to, isNew }: Move, { layout, durable, ifAbsent }: CommitOptions): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      folderFor(to, layout);
      if (ifAbsent) linkNew(from, to);
      else if (isNew) renameSync(from, to);
      // Over a file it may wait for the disk.
      else await rename(from, to);
      break;
    } catch (error) {
      // The folder was empty and a delete has just taken it away, at whatever step: make it again.
      if (hasCode(error, "ENOENT") && attempt < MOST_ATTEMPTS && identityAt(from) !== undefined) continue;
      if (!(hasCode(error, "EISDIR", "ENOTEMPTY", "EPERM") && removeEmptyFolder(to))) throw error;
    }
  }
  if (ifAbsent) unlinkSync(from);
  if (durable) await syncFolder(dirname(to));
}

function folderFor(path: string, layout: FsLayout): void {
  const folder = dirname(path);
  if (folder === layout.root) return;
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    // mkdir says EEXIST where the last part of the folder is a file, ENOTDIR where an earlier one is.
    if (hasCode(error, "EEXIST"))
      throw new StorageError("InvalidKey", "a part of the key is an object, so it cannot be a folder");
    throw error;
  }
  refuseEscape(folder, layout);
}

/** A symbolic link below the directory must not lead a key out of it. */
export function refuseEscape(folder: string, layout: FsLayout): void {
  if (folder === layout.root) return;
  const real = realpathSync.native(folder);
  const root = realpathSync.native(layout.root);
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new StorageError("PermissionDenied", "the key leads out of the directory over a symbolic link", {
      hint: "Symbolic links are not followed: replace it by what it points to.",
    });
  }
}

/** link(2) is the one call that creates a name only if it is not there. */
function linkNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    if (statSync(to).isDirectory()) {
      throw Object.assign(new Error("there is a folder of this name"), { code: "EISDIR" });
    }
    throw new StorageError("AlreadyExists", "there is an object of this key already", { cause: error });
  }
}

function removeEmptyFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
