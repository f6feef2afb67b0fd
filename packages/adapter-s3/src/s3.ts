import type { StorageAdapter, StorageProvider } from "@bucketferry/storage-core";
import { providerFrom } from "@bucketferry/storage-core/provider";
import { resolveConfig } from "./s3-config.ts";
import { s3Driver } from "./s3-driver.ts";
import { s3Options, type S3Options, type S3ParsedOptions } from "./s3-options.ts";

/**
 * One bucket of Amazon S3 or of a service that speaks its protocol. Makes no request.
 * @throws StorageError `InvalidConfig` that names the field, what is wrong with it, and the fix
 */
export function s3(options: S3Options): StorageProvider {
  return providerFrom(s3Driver(resolveConfig(options)));
}

/** What a configuration loads under the name `s3`. */
export const adapter: StorageAdapter<S3ParsedOptions> = { name: "s3", options: s3Options, create: s3 };
