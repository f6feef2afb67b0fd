/**
 * An ETag as the contract writes it: without quotes, a weak one with `W/` in front.
 * Accepts what a header holds (`"abc"`, `W/"abc"`) and what the contract gives (`abc`, `W/abc`).
 * Undefined for anything that does not name exactly one version: empty, `*`, a list.
 */
export function plainETag(etag: unknown): string | undefined {
  if (typeof etag !== "string") return undefined;
  const weak = etag.startsWith("W/");
  let opaque = weak ? etag.slice(2) : etag;
  if (opaque.length >= 2 && opaque.startsWith('"') && opaque.endsWith('"')) opaque = opaque.slice(1, -1);
  // RFC 9110 §8.8.3: visible ASCII without the quote. A comma would be legal, but no store uses one, and it is how lists are told.
  if (opaque === "" || opaque === "*" || !/^[\x21\x23-\x2b\x2d-\x7e]+$/.test(opaque)) return undefined;
  return weak ? `W/${opaque}` : opaque;
}
