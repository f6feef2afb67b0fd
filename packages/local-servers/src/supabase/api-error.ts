/** One failure as Supabase Storage reports it: `code` names it, `statusCode` is its real status, the HTTP status mostly 400. */
export class ApiError extends Error {
  readonly statusCode: number;
  readonly error: string;
  readonly code: string;
  readonly httpStatus: number;

  constructor(failure: {
    readonly statusCode: number;
    readonly error: string;
    readonly message: string;
    readonly code: string;
    /** What the status line says; 400 unless the server is known to send the real status. */
    readonly httpStatus?: number;
  }) {
    super(failure.message);
    this.name = "ApiError";
    this.statusCode = failure.statusCode;
    this.error = failure.error;
    this.code = failure.code;
    this.httpStatus = failure.httpStatus ?? 400;
  }

  /** The four fields in the order in which the server writes them. */
  toBody(): Record<string, string> {
    return { statusCode: String(this.statusCode), error: this.error, message: this.message, code: this.code };
  }

  /** What the schema of older servers leaves of them in answers 4xx: https://github.com/supabase/storage/pull/1256 */
  toBodyWithoutCode(): Record<string, string> {
    return { statusCode: String(this.statusCode), error: this.error, message: this.message };
  }

  /** The same fields in the order of authentication failures on `/health` and the TUS routes. */
  toAuthenticationBody(): Record<string, string> {
    return { statusCode: String(this.statusCode), code: this.code, error: this.error, message: this.message };
  }
}

const DUPLICATE = { statusCode: 409, error: "Duplicate", message: "The resource already exists" } as const;

export type TransientCode = "SlowDown" | "LockTimeout" | "ResourceLocked" | "DatabaseTimeout" | "InternalError";

/** What an overloaded or broken server says; the only failures that are worth another try. */
export const transientFailures: Readonly<Record<TransientCode, () => ApiError>> = {
  SlowDown: () =>
    new ApiError({
      statusCode: 429,
      error: "too_many_connections",
      message: "Too many connections issued to the database",
      code: "SlowDown",
      httpStatus: 429,
    }),
  LockTimeout: () =>
    new ApiError({
      statusCode: 503,
      error: "acquiring_lock_timeout",
      message: "acquiring lock timeout",
      code: "LockTimeout",
      httpStatus: 503,
    }),
  ResourceLocked: () =>
    new ApiError({
      statusCode: 423,
      error: "ResourceLocked",
      message: "The resource is locked",
      code: "ResourceLocked",
    }),
  DatabaseTimeout: () =>
    new ApiError({
      statusCode: 544,
      error: "DatabaseTimeout",
      message: "The connection to the database timed out",
      code: "DatabaseTimeout",
      httpStatus: 544,
    }),
  InternalError: () =>
    new ApiError({
      statusCode: 500,
      error: "Internal",
      message: "Internal Server Error",
      code: "InternalError",
      httpStatus: 500,
    }),
};

/** Every failure the server knows, by its `code`; one name of its own where one code stands for several situations. */
export const failures = {
  noSuchBucket: () =>
    new ApiError({ statusCode: 404, error: "Bucket not found", message: "Bucket not found", code: "NoSuchBucket" }),
  noSuchKey: () =>
    new ApiError({ statusCode: 404, error: "not_found", message: "Object not found", code: "NoSuchKey" }),
  relatedResourceMissing: () =>
    new ApiError({
      statusCode: 404,
      error: "InvalidRequest",
      message: "The related resource does not exist",
      code: "InvalidRequest",
    }),
  keyAlreadyExists: () => new ApiError({ ...DUPLICATE, code: "KeyAlreadyExists" }),
  resourceAlreadyExists: () => new ApiError({ ...DUPLICATE, code: "ResourceAlreadyExists" }),
  bucketAlreadyExists: () => new ApiError({ ...DUPLICATE, code: "BucketAlreadyExists" }),
  bucketNotEmpty: () =>
    new ApiError({
      statusCode: 409,
      error: "ResourceNotEmpty",
      message: "The bucket you tried to delete is not empty",
      code: "ResourceNotEmpty",
    }),
  accessDenied: (message: string) =>
    new ApiError({ statusCode: 403, error: "Unauthorized", message, code: "AccessDenied" }),
  /** The service-role gate in front of `emptyBucket` is the one denial with an honest HTTP status. */
  invalidRole: () =>
    new ApiError({
      statusCode: 403,
      error: "Unauthorized",
      message: "Access denied: Invalid role",
      code: "AccessDenied",
      httpStatus: 403,
    }),
  invalidJwt: (message: string) => new ApiError({ statusCode: 400, error: "InvalidJWT", message, code: "InvalidJWT" }),
  invalidSignature: (message = "Invalid signature") =>
    new ApiError({ statusCode: 400, error: "InvalidSignature", message, code: "InvalidSignature" }),
  invalidKey: (key: string) =>
    new ApiError({ statusCode: 400, error: "InvalidKey", message: `Invalid key: ${key}`, code: "InvalidKey" }),
  invalidBucketName: () =>
    new ApiError({
      statusCode: 400,
      error: "Invalid Input",
      message: "Bucket name invalid",
      code: "InvalidBucketName",
    }),
  invalidMimeType: (type: string) =>
    new ApiError({
      statusCode: 415,
      error: "invalid_mime_type",
      message: `mime type ${type} is not supported`,
      code: "InvalidMimeType",
    }),
  invalidContentType: () =>
    new ApiError({
      statusCode: 415,
      error: "invalid_mime_type",
      message: "Invalid Content-Type header",
      code: "InvalidMimeType",
    }),
  objectTooLarge: () =>
    new ApiError({
      statusCode: 413,
      error: "Payload too large",
      message: "The object exceeded the maximum allowed size",
      code: "EntityTooLarge",
    }),
  jsonBodyTooLarge: () =>
    new ApiError({
      statusCode: 413,
      error: "FastifyError",
      message: "Request body is too large",
      code: "EntityTooLarge",
      httpStatus: 413,
    }),
  invalidRange: () =>
    new ApiError({
      statusCode: 416,
      error: "invalid_range",
      message: "invalid range provided",
      code: "InvalidRange",
      httpStatus: 416,
    }),
  preconditionFailed: () =>
    new ApiError({
      statusCode: 412,
      error: "PreconditionFailed",
      message: "At least one of the pre-conditions you specified did not hold",
      code: "PreconditionFailed",
      httpStatus: 412,
    }),
  schema: (message: string) => new ApiError({ statusCode: 400, error: "Error", message, code: "InvalidRequest" }),
  json: (message: string) => new ApiError({ statusCode: 400, error: "FastifyError", message, code: "InvalidRequest" }),
  invalidRequest: (message: string, statusCode = 400) =>
    new ApiError({ statusCode, error: "InvalidRequest", message, code: "InvalidRequest" }),
  invalidRobotsTag: (reason: string) =>
    new ApiError({
      statusCode: 400,
      error: "invalid_x_robots_tag",
      message: `Invalid X-Robots-Tag header: ${reason}`,
      code: "InvalidRequest",
    }),
  invalidParameter: (message: string) =>
    new ApiError({ statusCode: 400, error: "InvalidParameter", message, code: "InvalidParameter" }),
  missingParameter: (name: string) =>
    new ApiError({
      statusCode: 400,
      error: "MissingParameter",
      message: `Missing Required Parameter ${name}`,
      code: "MissingParameter",
    }),
  /** What PostgreSQL says to `SET ROLE` with a role it does not know. */
  unknownRole: () =>
    new ApiError({
      statusCode: 500,
      error: "DatabaseError",
      message: "database error, code: 22023",
      code: "DatabaseError",
      httpStatus: 500,
    }),
  /** A refusal of the S3 behind the server; `error` holds the backend's message and `message` the backend's name for it. */
  backend: (statusCode: number, error: string, message: string) =>
    new ApiError({ statusCode, error, message, code: "S3Error", httpStatus: statusCode >= 500 ? statusCode : 400 }),
  unknownRoute: (method: string, url: string) =>
    new ApiError({
      statusCode: 404,
      error: "Not Found",
      message: `Route ${method}:${url} not found`,
      code: "InvalidRequest",
      httpStatus: 404,
    }),
} as const;
