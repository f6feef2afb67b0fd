import type { StorageError } from "../errors/storage-error.ts";
import { fail } from "./check.ts";

/**
 * What no error may show: an Authorization header, a signed query, a JSON web token. Patterns, since the suite does not
 * know anybody's secrets: AWS SigV4 (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html), RFC
 * 6750 and RFC 7519.
 */
const SECRETS =
  /AWS4-HMAC-SHA256|X-Amz-(?:Signature|Credential|Security-Token)|\bSignature=|\bBearer\s+\S|[?&]token=|\beyJ[\w-]{8}/iu;

/** Neither the message, nor the JSON, nor any field of the error shows a secret or one of these texts. */
export function showsNoSecret(error: StorageError, texts: readonly string[] = []): void {
  const shown = [error.message, String(error), JSON.stringify(error), error.hint ?? "", error.stack ?? ""].join("\n");
  const found = SECRETS.exec(shown)?.[0] ?? texts.find((text) => shown.includes(text));
  // The finding itself is not repeated: what would be printed is the secret.
  if (found !== undefined)
    fail(`the ${error.code} error shows a secret or a signed parameter (${found.length} characters)`);
}
