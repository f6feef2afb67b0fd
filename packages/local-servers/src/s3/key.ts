import type { Profile } from "./profiles.ts";
import { S3Error } from "./s3-error.ts";

const MAX_BYTES = 1024;

/** Any text of up to 1,024 bytes of UTF-8 is a key; some services refuse more. */
export function checkKey(key: string, profile: Profile): void {
  const size = Buffer.byteLength(key);
  if (size > MAX_BYTES) {
    throw new S3Error(profile.keyTooLong, { fields: { Size: String(size), MaxSizeAllowed: String(MAX_BYTES) } });
  }
  if (profile.refusedKeys?.pattern.test(key) === true) throw new S3Error(profile.refusedKeys.code);
}
