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
export { compareKeys } from "./listing/compare-keys.ts";
