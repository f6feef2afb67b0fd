/** Parameters that the service, its dashboard and S3 clients put behind an object's path. */
const KNOWN_PARAMETERS =
  /^(?:token|download|width|height|resize|quality|format|cacheNonce|t|x-id|versionId|response-[a-z-]+|X-Amz-[A-Za-z0-9-]+)$/i;

/** Of the question marks and number signs of a URL that may belong to its key: each makes every other reading longer. */
const MOST_MARKS = 8;

/** A signature is never part of a key, and does not belong where keys are written down. */
const SIGNATURE = /(?:^|[?&])(?:token|X-Amz-Signature)=/i;

/** Can be read in one way only: no escape, plus, query, fragment, and no slash too many. */
const PLAIN = /^[^%+?#/]+(?:\/[^%+?#/]+)*$/;

/**
 * Every key that the end of a URL can mean, likeliest first. `text` is all that follows the bucket's slash.
 *
 * The service's clients leave `?` and `#` of a key as they are, so either may belong to the key; an escape may have been
 * made twice, a `+` may stand for a space, and slashes may have been doubled where paths were joined.
 */
export function keysIn(text: string): readonly string[] {
  if (PLAIN.test(text)) return hasDotSegment(text) ? [] : [text];
  const [likeliest = "", ...others] = endsOfKey(text).map((end) => text.slice(0, end));
  const once = decode(likeliest);
  if (once === undefined || hasDotSegment(once)) return [];
  const variants = [
    /%[0-9a-f]{2}/i.test(once) ? decode(once) : undefined,
    decode(likeliest.replaceAll("+", " ")),
    once.replace(/^\/+/, "").replace(/\/{2,}/g, "/"),
    likeliest,
  ];
  const rest = text.slice(likeliest.length + 1);
  const withMarks = SIGNATURE.test(rest) || (once === "" && isKnownQuery(rest)) ? [] : others.map(decode);
  const readings = isKnownQuery(rest) ? [once, ...variants, ...withMarks] : [once, ...withMarks, ...variants];
  return [...new Set(readings.filter(isPossible))];
}

/**
 * Where the key may end: before a query that the service is known to make, else before the first `?`; then at every
 * other `?` and `#`, and at the end of the text.
 */
function endsOfKey(text: string): readonly number[] {
  const fragmentAt = text.indexOf("#");
  const pathEnd = fragmentAt === -1 ? text.length : fragmentAt;
  const marks = [...text.matchAll(/[?#]/g)].slice(0, MOST_MARKS).map(({ index }) => index);
  const beforeKnownQuery = marks.filter((index) => index < pathEnd && isKnownQuery(text.slice(index + 1, pathEnd)));
  const first = marks[0] ?? text.length;
  return [...new Set([...beforeKnownQuery, first, ...marks, text.length])];
}

function isKnownQuery(query: string): boolean {
  return query.split("&").every((pair) => KNOWN_PARAMETERS.test(pair.split("=", 1)[0] ?? ""));
}

function isPossible(key: string | undefined): key is string {
  return key !== undefined && key !== "" && !hasDotSegment(key);
}

/** Clients resolve such segments, so the URL leads elsewhere than it says. */
function hasDotSegment(key: string): boolean {
  return /(?:^|\/)\.\.?(?:\/|$)/.test(key);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
