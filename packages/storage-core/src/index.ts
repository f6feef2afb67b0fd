/** The door for those who use storage: the façade, the contract's types, errors, and what works on any provider. */
export type * from "./contract/body.ts";
export type * from "./contract/capabilities.ts";
export type * from "./contract/provider.ts";
export type * from "./contract/adapter.ts";
export type * from "./contract/layer.ts";
export { STORAGE_ERROR_CODES, type Persistence, type StorageErrorCode } from "./errors/error-codes.ts";
export {
  StorageError,
  isStorageError,
  type StorageErrorDetails,
  type StorageOperation,
} from "./errors/storage-error.ts";
export { storage, type ReadWholeOptions, type SignedUrlOptions, type Storage } from "./storage/storage.ts";
export { copyBetween, type CopyBetweenOptions, type CopyBetweenResult } from "./storage/copy-between.ts";
export { moveObject, type MoveOptions } from "./storage/move-object.ts";
export { deletePrefix, type DeletePrefixResult } from "./storage/delete-prefix.ts";
export { hashObject, type HashOptions, type ObjectHash } from "./storage/hash-object.ts";
export { sha256, type IncrementalHash } from "./hash/sha256.ts";
export { compareKeys } from "./listing/compare-keys.ts";
export { listAll } from "./listing/list-all.ts";
export { listPages, type ListAllOptions } from "./listing/list-pages.ts";
export { align, type Aligned } from "./listing/align.ts";
export { keyGlob, KeyGlobError, type KeyGlob } from "./keys/key-glob.ts";
export { keyMapping, type KeyMapping, type KeyMappingOptions } from "./keys/key-mapping.ts";
