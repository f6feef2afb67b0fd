/** `FILE_VERSION_SEPARATOR` in supabase/storage, src/storage/backend/adapter.ts. */
const MARK = "-$v-";

/**
 * The id of a resumable upload is the path of its bytes to be, in base64url: bucket, key, and the version that the object will
 * have, behind a slash or, where the server is set so (`TUS_USE_FILE_VERSION_SEPARATOR`), behind `-$v-`. Undefined for text
 * that is none.
 */
export function uploadIdParts(id: string): { readonly path: string; readonly version: string } | undefined {
  const text = Buffer.from(id, "base64url").toString("utf8");
  const slash = text.lastIndexOf("/");
  const mark = text.lastIndexOf(MARK);
  if (slash < 1) return undefined;
  return mark > slash
    ? { path: text.slice(0, mark), version: text.slice(mark + MARK.length) }
    : { path: text.slice(0, slash), version: text.slice(slash + 1) };
}
