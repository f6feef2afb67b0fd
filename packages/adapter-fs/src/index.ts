import { providerFrom, type StorageAdapter, type StorageProvider } from "@bucketferry/storage-core/provider";
import { FsDriver } from "./fs-driver.ts";
import { fsOptions, type FsOptions, type ResolvedFsOptions } from "./fs-options.ts";

export type { FsOptions } from "./fs-options.ts";

/**
 * A directory as a bucket: one plain file an object, at the path that its key says, so that everything else on the
 * machine can read it too. What a file cannot hold (content type, metadata …) lies under `.bucketferry` beside them.
 *
 * Makes no I/O; the directory may be made later by `ensureBucket`.
 */
export function fs(options: FsOptions): StorageProvider {
  return adapter.create(fsOptions.parse(options));
}

/** For configurations: `{ "adapter": "fs", "directory": "…" }`. */
export const adapter: StorageAdapter<ResolvedFsOptions> = {
  name: "fs",
  options: fsOptions,
  create: (options) => providerFrom(new FsDriver(options)),
};
