/**
 * A key as the path of a URL: every byte but RFC 3986's unreserved characters escaped, slashes kept. `+` becomes `%2B`, since
 * S3 and others take a bare one for a space. Throws a URIError for half a surrogate pair, which no valid key holds.
 */
export function encodeKeyPath(key: string): string {
  // A percent sign of the key is escaped itself, so every `%2F` is a slash.
  return encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Every key that the path of a stored URL can mean, likeliest first, from the path as it stands (without its leading slash)
 * and the query, where the query may be part of the key (`""` where it certainly is not). Empty when the path cannot be
 * decoded.
 *
 * 1. decoded once, as the URL standard says; 2. with the query, for URLs made by `encodeURI`, which leaves `?` alone;
 * 3. with `+` for space, for URLs made by form encoders; 4. not decoded, for URLs made by gluing text together;
 * 5. decoded twice, for URLs that two hands have encoded.
 */
export function keyCandidates(path: string, query: string): readonly string[] {
  const once = decoded(path);
  if (once === undefined || once === "") return [];
  const candidates = new Set([once]);
  if (query !== "") candidates.add(`${once}?${decoded(query) ?? query}`);
  if (path.includes("+")) candidates.add(decoded(path.replaceAll("+", "%20")) ?? once);
  candidates.add(path);
  candidates.add(decoded(once) ?? once);
  return [...candidates];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
