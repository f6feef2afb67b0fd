const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const UNRESERVED_OR_SLASH = /^[A-Za-z0-9\-._~/]*$/;

/** Percent-encodes all but RFC 3986's unreserved characters, as Signature Version 4 wants it. */
function encodeRfc3986(text: string): string {
  if (UNRESERVED.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, escapeCharacter);
}

/**
 * A key as the path of a URL: every segment encoded, slashes kept, nothing normalised (`//`, `.` and `..` stay as they are).
 * A `+` becomes `%2B`, since Amazon S3 reads a bare one in a path as a space.
 */
export function encodeKeyPath(key: string): string {
  if (UNRESERVED_OR_SLASH.test(key)) return key;
  return encodeRfc3986(key).replaceAll("%2F", "/");
}

/**
 * A query in canonical form, which is also sent: encoded, sorted by encoded name.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (task 1)
 */
export function canonicalQuery(query: Readonly<Record<string, string | undefined>>): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) pairs.push(`${encodeRfc3986(name)}=${encodeRfc3986(value)}`);
  }
  // Sorting whole pairs would put `a-b=` before `a=`, since `-` comes before `=`.
  return pairs.length < 2 ? pairs.join("") : pairs.sort(byName).join("&");
}

function byName(left: string, right: string): number {
  const [leftName, rightName] = [nameOf(left), nameOf(right)];
  return leftName < rightName ? -1 : leftName > rightName ? 1 : 0;
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf("="));
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
