/**
 * Servers from before July 2026 lose the field `code` of every 4xx answer on its way through a response schema
 * (https://github.com/supabase/storage/pull/1256). What is left is `error`: where a failure had a name of its own before there
 * were codes, it is that name, and the code everywhere else (`render` in supabase/storage, src/internal/errors).
 */
const CODE_OF_NAME: ReadonlyMap<string, string> = new Map([
  ["not_found", "NoSuchKey"],
  ["Bucket not found", "NoSuchBucket"],
  ["Duplicate", "KeyAlreadyExists"],
  ["invalid_mime_type", "InvalidMimeType"],
  ["invalid_x_robots_tag", "InvalidRequest"],
  ["Payload too large", "EntityTooLarge"],
  ["invalid_range", "InvalidRange"],
  ["Invalid Input", "InvalidBucketName"],
  ["Invalid key", "InvalidKey"],
  ["Invalid JWT", "InvalidJWT"],
  ["resource_locked", "ResourceLocked"],
  ["acquiring_lock_timeout", "LockTimeout"],
  ["too_many_connections", "SlowDown"],
]);

/** Names that gateways use too, or for several failures: they say something beside one status only. */
const CODE_OF_NAME_AND_STATUS: ReadonlyMap<string, string> = new Map([
  ["Unauthorized 403", "AccessDenied"],
  ["Error 400", "InvalidRequest"],
  ["FastifyError 400", "InvalidRequest"],
]);

/** A code of the service or of S3: one word of several, which no message of the service is. */
const CODE = /^[A-Z][a-z0-9]+(?:[A-Z]+[a-z0-9]*)+$/;

/** The code of an answer that came without; undefined where its other fields leave it open. */
export function codeOfOlderServer(fields: {
  readonly error: string | undefined;
  readonly statusCode: string | undefined;
  readonly message: string | undefined;
}): string | undefined {
  const { error = "", statusCode, message = "" } = fields;
  if (statusCode === undefined) return undefined;
  // Of the S3 behind the service, the code is the message, and the sentence stands where the name is.
  if (CODE.test(message)) return "S3Error";
  const named = CODE_OF_NAME.get(error) ?? CODE_OF_NAME_AND_STATUS.get(`${error} ${statusCode}`);
  return named ?? (CODE.test(error) ? error : undefined);
}
