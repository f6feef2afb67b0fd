import type { StorageErrorCode } from "@bucketferry/storage-core";

/** One row of the table of all problems that the service answers with. */
export interface ProblemKind {
  /** HTTP status. */
  readonly status:
    | 400
    | 401
    | 403
    | 404
    | 405
    | 406
    | 408
    | 409
    | 410
    | 411
    | 412
    | 413
    | 415
    | 416
    | 421
    | 422
    | 429
    | 500
    | 501
    | 502
    | 503
    | 504
    | 507;
  /** One sentence for a person. */
  readonly title: string;
}

/** What the service itself refuses. */
const SERVICE_PROBLEMS = {
  InvalidRequest: { status: 400, title: "The request is not what this operation takes." },
  InvalidRange: { status: 416, title: "The range lies outside of the object." },
  Unauthorized: { status: 401, title: "The request has no valid credentials." },
  Forbidden: { status: 403, title: "The credentials do not allow this." },
  NotFound: { status: 404, title: "There is no such thing here, or it is not yours." },
  MethodNotAllowed: { status: 405, title: "This resource does not have that method." },
  RequestTimeout: { status: 408, title: "The request's body came too slowly." },
  Conflict: { status: 409, title: "Somebody else changed this at the same time." },
  AlreadyExists: { status: 409, title: "There is one already." },
  IdempotencyKeyInUse: { status: 409, title: "A request with this idempotency key is still being worked on." },
  Expired: { status: 410, title: "This has expired." },
  PreconditionFailed: { status: 412, title: "A condition of the request does not hold." },
  TooLarge: { status: 413, title: "The content is larger than what is accepted here." },
  UnsupportedMediaType: { status: 415, title: "Content of this type is not accepted here." },
  MisdirectedRequest: { status: 421, title: "This service does not answer under that host name." },
  IdempotencyKeyReused: { status: 422, title: "The idempotency key belongs to another request." },
  ContentMismatch: { status: 422, title: "The content is not what it was announced to be." },
  TooManyRequests: { status: 429, title: "Too many requests; wait a little." },
  Internal: { status: 500, title: "Something went wrong here." },
  NotSupported: { status: 501, title: "The storage behind this service cannot do that." },
  StorageFailed: { status: 502, title: "Storage answered with something unexpected." },
  DatabaseUnavailable: { status: 503, title: "The database cannot be used at the moment." },
  KeySetUnavailable: { status: 503, title: "Tokens cannot be verified at the moment." },
  StorageUnavailable: { status: 503, title: "Storage cannot be used at the moment." },
  Draining: { status: 503, title: "This instance is shutting down." },
  StorageTimeout: { status: 504, title: "Storage did not answer in time." },
  StorageFull: { status: 507, title: "Storage has no room left." },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof SERVICE_PROBLEMS;

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = SERVICE_PROBLEMS;

/** What a client is told of each way in which storage can fail; total by type. */
export const PROBLEM_OF_STORAGE_ERROR: Readonly<Record<StorageErrorCode, ProblemCode>> = {
  NotFound: "NotFound",
  BucketNotFound: "StorageUnavailable",
  AlreadyExists: "AlreadyExists",
  PreconditionFailed: "PreconditionFailed",
  NotModified: "PreconditionFailed",
  Conflict: "Conflict",
  InvalidKey: "InvalidRequest",
  InvalidArgument: "InvalidRequest",
  InvalidRange: "InvalidRange",
  InvalidConfig: "StorageUnavailable",
  Unauthenticated: "StorageUnavailable",
  PermissionDenied: "StorageUnavailable",
  RateLimited: "StorageUnavailable",
  Unavailable: "StorageUnavailable",
  Timeout: "StorageTimeout",
  Aborted: "InvalidRequest",
  ChecksumMismatch: "StorageFailed",
  IncompleteBody: "InvalidRequest",
  TooLarge: "TooLarge",
  QuotaExceeded: "StorageFull",
  Unsupported: "NotSupported",
  Unknown: "StorageFailed",
};
