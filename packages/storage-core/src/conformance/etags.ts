/** A well-formed ETag that no object has. */
export const NO_ONES_ETAG = "00112233445566778899aabbccddeeff";

/** The ETag with the quotes that it has in a header. */
export function quoted(etag: string): string {
  return etag.startsWith("W/") ? `W/"${etag.slice(2)}"` : `"${etag}"`;
}
