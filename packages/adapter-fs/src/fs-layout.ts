import { hash } from "node:crypto";
import { join } from "node:path";
import { PRIVATE_FOLDER } from "./fs-capabilities.ts";

/**
 * Where things are under the directory (k: a hash of the key, kk: its first two digits):
 *
 * ```
 * <directory>/<key>                                    the object's bytes, as a plain file
 * <directory>/.bucketferry/meta/<kk>/<k>-<identity>.json  what else is known of that very file
 * <directory>/.bucketferry/meta/<kk>/<k>/<identity>.json  the same, as versions before 1 wrote it
 * <directory>/.bucketferry/uploads/<id>/               an upload in parts
 * <directory>/.bucketferry/new/                        small bodies of keys that no object has yet, being written
 * <directory>/.bucketferry/tmp/                        all other bodies that are being written
 * ```
 */
export interface FsLayout {
  readonly root: string;
  readonly temporary: string;
  /** Apart from `temporary`: who makes a file there waits while a rename out of it waits for the disk. */
  readonly temporaryNew: string;
  readonly uploads: string;
  object(key: string): string;
  sidecars(key: string): SidecarPlace;
}

/** Where the sidecars of one key are. */
export interface SidecarPlace {
  /** Shared by many keys. */
  readonly folder: string;
  /** What their names begin with, and no other key's. */
  readonly prefix: string;
  /** The key's own folder in the former layout: read and cleared, never written. */
  readonly formerFolder: string;
}

export function fsLayout(root: string): FsLayout {
  const own = join(root, PRIVATE_FOLDER);
  return {
    root,
    temporary: join(own, "tmp"),
    temporaryNew: join(own, "new"),
    uploads: join(own, "uploads"),
    // The kit has refused empty, `.` and `..` segments, so this cannot leave the root by its text; symbolic links are looked at when opening.
    object: (key) => join(root, ...key.split("/")),
    sidecars(key) {
      const name = hash("sha256", key, "hex");
      const folder = join(own, "meta", name.slice(0, 2));
      return { folder, prefix: `${name.slice(2)}-`, formerFolder: join(folder, name.slice(2)) };
    },
  };
}
