import type { Bucket } from "./object-store.ts";
import type { StoredObject, StoreShape } from "./state.ts";

export interface PageRequest {
  readonly prefix: string;
  /** Keys that share everything up to the first of these after the prefix become one entry; empty: none do. */
  readonly delimiter: string;
  /** Only entries after this one, a key or a common prefix. */
  readonly after: string;
  readonly limit: number;
}

export type PageEntry<Attributes> =
  | { readonly kind: "object"; readonly name: string; readonly object: StoredObject<Attributes> }
  | { readonly kind: "prefix"; readonly name: string };

export interface Page<Attributes> {
  readonly entries: readonly PageEntry<Attributes>[];
  /** Whether there is more; the next page is the one `after` the last entry's name. */
  readonly truncated: boolean;
}

/**
 * One page of a bucket in UTF-8 byte order. The cost depends on the length of the page, not on the size of the bucket:
 * the keys behind a common prefix are jumped over.
 */
export function listPage<S extends StoreShape>(bucket: Bucket<S>, request: PageRequest): Page<S["object"]> {
  const { prefix, delimiter, after, limit } = request;
  const entries: PageEntry<S["object"]>[] = [];
  let position: { readonly after: string } | { readonly past: string } = { after };

  scan: for (;;) {
    for (const object of bucket.objects({ prefix, ...position })) {
      const shared = commonPrefix(object.key, prefix, delimiter);
      // A page that ended with a common prefix goes on behind all of its keys.
      if (shared !== undefined && after.startsWith(shared)) {
        position = { past: shared };
        continue scan;
      }
      if (entries.length === limit) return { entries, truncated: true };
      if (shared !== undefined) {
        entries.push({ kind: "prefix", name: shared });
        position = { past: shared };
        continue scan;
      }
      entries.push({ kind: "object", name: object.key, object });
    }
    return { entries, truncated: false };
  }
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const index = key.indexOf(delimiter, prefix.length);
  return index === -1 ? undefined : key.slice(0, index + delimiter.length);
}
