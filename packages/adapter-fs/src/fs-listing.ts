import { StorageError } from "@bucketferry/storage-core";
import type { ListEntry, ListPage, ListPageOptions } from "@bucketferry/storage-core/provider";
import { z } from "zod";
import { requireRoot } from "./fs-root.ts";
import type { FsLayout } from "./fs-layout.ts";
import { Walk } from "./fs-walk.ts";

const cursorSchema = z.strictObject({
  version: z.literal(1),
  prefix: z.string(),
  delimiter: z.string(),
  /** The last key, or the last group, of the page before. */
  after: z.string().min(1),
  /** Whether `after` is a group: then all that it stands for is done. */
  group: z.boolean(),
});
type Cursor = z.output<typeof cursorSchema>;

/** Walks that somebody may want to go on with; what is older starts anew at its cursor, at the price of reading folders again. */
const KEPT_WALKS = 16;

/** Pages over walks. A cursor is a position in the order of keys, so it means the same to another instance. */
export class FsListing {
  readonly #layout: FsLayout;
  readonly #kept = new Map<string, Walk>();

  constructor(layout: FsLayout) {
    this.#layout = layout;
  }

  async page(options: ListPageOptions & { readonly limit: number }): Promise<ListPage> {
    const { prefix = "", delimiter = "", limit, signal } = options;
    const from = options.cursor === undefined ? undefined : readCursor(options.cursor, prefix, delimiter);
    if (from === undefined) await requireRoot(this.#layout);
    const walk = this.#resume(options, from);
    const entries: ListEntry[] = [];
    // One more than asked tells whether there is another page at all.
    for (;;) {
      signal?.throwIfAborted();
      const next = await walk.entries.next();
      if (next.done === true) return { entries };
      const group = groupOf(next.value.key, prefix, delimiter);
      const entry: ListEntry = group === undefined ? next.value : { type: "prefix", prefix: group };
      entries.push(entry);
      walk.skipUnder = group;
      if (entries.length === limit) return { entries, cursor: this.#keep(walk, { prefix, delimiter, entry }) };
    }
  }

  close(): void {
    this.#kept.clear();
  }

  #resume({ prefix = "", startAfter = "", cursor }: ListPageOptions, from: Cursor | undefined): Walk {
    const kept = cursor === undefined ? undefined : this.#kept.get(cursor);
    if (cursor !== undefined) this.#kept.delete(cursor);
    if (kept !== undefined) return kept;
    const walk = new Walk(this.#layout.root, { prefix, after: from?.after ?? startAfter });
    walk.skipUnder = from?.group === true ? from.after : undefined;
    return walk;
  }

  #keep(walk: Walk, { prefix, delimiter, entry }: { prefix: string; delimiter: string; entry: ListEntry }): string {
    const group = entry.type === "prefix";
    const position: Cursor = { version: 1, prefix, delimiter, after: group ? entry.prefix : entry.key, group };
    const cursor = Buffer.from(JSON.stringify(position)).toString("base64url");
    this.#kept.set(cursor, walk);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_WALKS && oldest !== undefined) this.#kept.delete(oldest);
    return cursor;
  }
}

/** The key up to and including the delimiter behind the prefix; undefined when it is listed as itself. */
function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.slice(0, at + delimiter.length);
}

function readCursor(text: string, prefix: string, delimiter: string): Cursor {
  try {
    const cursor = cursorSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    if (cursor.prefix === prefix && cursor.delimiter === delimiter) return cursor;
  } catch {
    // Falls through to the one answer for all that is no cursor of this listing.
  }
  throw new StorageError("InvalidArgument", "`cursor` is not from a page of this listing", {
    hint: "Pass the cursor of the page before, with the same prefix and delimiter, or none.",
  });
}
