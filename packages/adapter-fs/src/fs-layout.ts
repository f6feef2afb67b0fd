import { createHash } from "node:crypto";
import { join } from "node:path";
import { PRIVATE_FOLDER } from "./fs-capabilities.ts";

/**
 * Where things are under the directory:
 *
 * ```
 * <directory>/<key>                                  the object's bytes, as a plain file
 * <directory>/.bucketferry/meta/<k>/<identity>.json  what else is known of that very file (k: a hash of the key)
 * <directory>/.bucketferry/uploads/<id>/             an upload in parts
 * <directory>/.bucketferry/tmp/                      bodies that are being written
 * ```
 */
export interface FsLayout {
  readonly root: string;
  readonly temporary: string;
  readonly uploads: string;
  object(key: string): string;
  /** The folder of the sidecars of a key. */
  sidecars(key: string): string;
}

export function fsLayout(root: string): FsLayout {
  const own = join(root, PRIVATE_FOLDER);
  return {
    root,
    temporary: join(own, "tmp"),
    uploads: join(own, "uploads"),
    // The kit has refused empty, `.` and `..` segments, so this cannot leave the root by its text; symbolic links are looked at when opening.
    object: (key) => join(root, ...key.split("/")),
    sidecars(key) {
      const hash = createHash("sha256").update(key).digest("hex");
      return join(own, "meta", hash.slice(0, 2), hash.slice(2));
    },
  };
}
