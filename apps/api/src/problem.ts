import { isStorageError, type StorageErrorCode } from "@bucketferry/storage-core";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What a client is told of each way in which storage can fail. */
const STATUS_OF: Readonly<Record<StorageErrorCode, ContentfulStatusCode>> = {
  NotFound: 404,
  BucketNotFound: 503,
  AlreadyExists: 409,
  PreconditionFailed: 412,
  NotModified: 412,
  Conflict: 409,
  InvalidKey: 400,
  InvalidArgument: 400,
  InvalidRange: 416,
  InvalidConfig: 503,
  Unauthenticated: 503,
  PermissionDenied: 503,
  RateLimited: 503,
  Unavailable: 503,
  Timeout: 504,
  Aborted: 400,
  ChecksumMismatch: 502,
  IncompleteBody: 400,
  TooLarge: 413,
  QuotaExceeded: 507,
  Unsupported: 501,
  Unknown: 500,
};

/** RFC 9457. The title is the code; a detail is given only where it is the client's own doing. */
export function problem(context: Context, status: ContentfulStatusCode, code: string, detail?: string): Response {
  return context.json(
    { type: "about:blank", title: code, status, ...(detail === undefined ? {} : { detail }) },
    status,
    {
      "content-type": "application/problem+json",
    },
  );
}

export function problemOf(context: Context, error: unknown): Response {
  if (!isStorageError(error)) return problem(context, 500, "Unknown");
  const status = STATUS_OF[error.code];
  return problem(context, status, error.code, status < 500 ? error.message : undefined);
}
