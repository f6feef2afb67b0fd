import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectEntry } from "@bucketferry/storage-core/provider";
import { PRIVATE_FOLDER } from "./fs-capabilities.ts";
import { hasCode } from "./fs-errors.ts";
import { fileIdentity } from "./fs-identity.ts";

export interface WalkStart {
  readonly prefix: string;
  /** Only keys after this one; empty for all. */
  readonly after: string;
}

/** All objects in UTF-8 byte order of their keys, one folder in memory at a time and depth. */
export class Walk {
  readonly #root: string;
  readonly #start: WalkStart;
  /** Keys that begin with this are passed over; set while walking, by whoever groups them. */
  skipUnder: string | undefined;
  readonly entries: AsyncGenerator<ObjectEntry, undefined>;

  constructor(root: string, start: WalkStart) {
    this.#root = root;
    this.#start = start;
    this.entries = this.#folder("");
  }

  async *#folder(base: string): AsyncGenerator<ObjectEntry, undefined> {
    for (const name of await namesInOrder(join(this.#root, base))) {
      const path = base + name;
      if (!this.#mayMatter(path)) continue;
      if (name.endsWith("/")) {
        if (path !== `${PRIVATE_FOLDER}/`) yield* this.#folder(path);
      } else {
        const entry = await entryOf(path, join(this.#root, path));
        if (entry !== undefined) yield entry;
      }
    }
    return undefined;
  }

  /** False when neither this path nor anything below it can be asked for. A folder's path ends in a slash. */
  #mayMatter(path: string): boolean {
    const { prefix, after } = this.#start;
    const isFolder = path.endsWith("/");
    if (this.skipUnder !== undefined && path.startsWith(this.skipUnder)) return false;
    if (!path.startsWith(prefix) && !(isFolder && prefix.startsWith(path))) return false;
    if (after === "") return true;
    return inBytes(path, after) > 0 || (isFolder && after.startsWith(path));
  }
}

/** Folders carry their slash, since that is what their keys sort by: `a!` before `a/b` before `a0`. */
async function namesInOrder(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    // Taken away between being listed and being read.
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  });
  return found
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .map((name) => ({ name, bytes: Buffer.from(name) }))
    .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ name }) => name);
}

function inBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function entryOf(key: string, path: string): Promise<ObjectEntry | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (!stats.isFile()) return undefined;
    return { type: "object", key, size: Number(stats.size), etag: fileIdentity(stats), lastModified: stats.mtime };
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
