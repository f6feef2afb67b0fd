/** Percent-encodes everything but RFC 3986's unreserved characters, as SigV4 wants it. */
export function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The same, with slashes left as they are. */
export function encodePath(text: string): string {
  return encodeStrict(text).replaceAll("%2F", "/");
}

/** What `EncodingType=url` does to keys in a listing: the encoding of HTML forms, with slashes left as they are. */
export function encodeListed(text: string): string {
  return encodeStrict(text).replaceAll("%2F", "/").replaceAll("%20", "+").replaceAll("~", "%7E").replaceAll("%2A", "*");
}
