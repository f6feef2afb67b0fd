/** Every way a storage call can fail, as one closed list. */
export const STORAGE_ERROR_CODES = [
  "NotFound",
  "BucketNotFound",
  "AlreadyExists",
  "PreconditionFailed",
  "NotModified",
  "Conflict",
  "InvalidKey",
  "InvalidArgument",
  "InvalidRange",
  "InvalidConfig",
  "Unauthenticated",
  "PermissionDenied",
  "RateLimited",
  "Unavailable",
  "Timeout",
  "Aborted",
  "ChecksumMismatch",
  "IncompleteBody",
  "TooLarge",
  "QuotaExceeded",
  "Unsupported",
  "Unknown",
] as const;

export type StorageErrorCode = (typeof STORAGE_ERROR_CODES)[number];

/**
 * Whether the same call may succeed when it is made again.
 * `permanent`: no. `temporary`: yes, later. `exhausted`: it was temporary, and whoever retried has given up.
 */
export type Persistence = "permanent" | "temporary" | "exhausted";

/** What a code means for a retry when the adapter does not know better. */
export const PERSISTENCE_OF: Readonly<Record<StorageErrorCode, "permanent" | "temporary">> = {
  NotFound: "permanent",
  BucketNotFound: "permanent",
  AlreadyExists: "permanent",
  PreconditionFailed: "permanent",
  NotModified: "permanent",
  Conflict: "temporary",
  InvalidKey: "permanent",
  InvalidArgument: "permanent",
  InvalidRange: "permanent",
  InvalidConfig: "permanent",
  Unauthenticated: "permanent",
  PermissionDenied: "permanent",
  RateLimited: "temporary",
  Unavailable: "temporary",
  Timeout: "temporary",
  Aborted: "permanent",
  ChecksumMismatch: "temporary",
  IncompleteBody: "temporary",
  TooLarge: "permanent",
  QuotaExceeded: "permanent",
  Unsupported: "permanent",
  Unknown: "permanent",
};
