import { failures, transientFailures } from "./api-error.ts";
import type { Settings } from "./exchange.ts";

/**
 * What keys and bucket names may hold: the "safe" and "may need special handling" characters of
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, ASCII only.
 */
const KEY = /^[A-Za-z0-9_/!.*'() &$@=;:+,?-]+$/;
/**
 * What the grammar is to become (https://github.com/supabase/storage/pull/605): everything but control characters, the
 * characters that S3 advises against, and those that nobody sees; no dot segments.
 */
const UNICODE_KEY =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /^[^\u0000-\u001f\u007f-\u009f#[\]{}^`"<>\\|%~\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+$/u;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;
const BUCKET_NAME = /^[A-Za-z0-9_!.*'() &$@=;:+,?-]{1,100}$/;
const MAX_FILE_NAME_BYTES = 255;
/** S3's limit for a whole key, which the server builds as `<tenant>/<bucket>/<key>/<version>`. */
const MAX_S3_KEY_BYTES = 1024;
const TENANT = "stub";
const VERSION_BYTES = 36;

/** Returns the key under which the object is stored: letters of other scripts composed (NFC), however they came. */
export function checkKey(key: string, { unicodeKeys }: Pick<Settings, "unicodeKeys">): string {
  const fits = unicodeKeys
    ? UNICODE_KEY.test(key) && !DOT_SEGMENT.test(key) && Buffer.byteLength(key) <= MAX_S3_KEY_BYTES
    : KEY.test(key);
  if (!fits) throw failures.invalidKey(key);
  return unicodeKeys ? key.normalize("NFC") : key;
}

export function checkBucketName(name: string): void {
  const fits = BUCKET_NAME.test(name) && name === name.trim() && !name.endsWith("--table-s3");
  if (!fits) throw failures.invalidBucketName();
}

/** What the place where the bytes go refuses beyond the grammar; only known once something is written there. */
export function checkKeyForBackend(bucket: string, key: string, backend: "file" | "s3"): void {
  const path = `${TENANT}/${bucket}/${key}`;
  if (backend === "s3") {
    if (path.length + 1 + VERSION_BYTES > MAX_S3_KEY_BYTES) {
      throw failures.backend(400, "Your key is too long", "KeyTooLongError");
    }
    return;
  }
  const segments = key.split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) {
    throw failures.invalidKey(`${path} contains dot path segment`);
  }
  if (segments.some((segment) => segment.length > MAX_FILE_NAME_BYTES)) throw transientFailures.InternalError();
}

/**
 * Names of the objects that stand for an empty folder: the only ones that must be empty and may have any type. Every key
 * that ends so is one, also in the middle of a name (`isEmptyFolder` in supabase/storage, src/storage/limits.ts).
 */
export function isEmptyFolderPlaceholder(key: string): boolean {
  return key.endsWith(".emptyFolderPlaceholder");
}
