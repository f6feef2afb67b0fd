import type { Checksums, Metadata, SystemHeaders } from "../contract/provider.ts";
import { compareKeys } from "../listing/compare-keys.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** What an object is made of, before the bucket gives it an identity. Nobody changes `bytes` any more. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly headers: SystemHeaders;
  readonly metadata: Metadata;
  readonly checksums: Checksums;
}

/** One version of an object. */
export interface StoredVersion extends Content {
  readonly key: string;
  readonly version: string;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface StoredPart {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

export interface StoredUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly headers: SystemHeaders;
  readonly metadata: Metadata;
  readonly startedAt: Date;
  readonly parts: Map<number, StoredPart>;
}

/** A place in the order of keys: at a key, behind it, or behind all keys that begin so (found without walking over them). */
export type Place = { readonly from: string } | { readonly after: string } | { readonly behindPrefix: string };

/**
 * The objects of one bucket. Every method is synchronous, so each of them is atomic: a condition is checked and acted
 * upon with nobody in between.
 */
export class MemoryBucket {
  /** Whether strangers may fetch public URLs. */
  publicRead = false;
  readonly uploads = new Map<string, StoredUpload>();
  readonly now: () => Date;
  readonly #current = new Map<string, StoredVersion>();
  /** Every version of every key, oldest first; also of keys that were deleted. */
  readonly #versions = new Map<string, StoredVersion[]>();
  readonly #keys = new SortedKeys();
  #lastId = 0;

  constructor(now: () => Date) {
    this.now = now;
  }

  get(key: string): StoredVersion | undefined {
    return this.#current.get(key);
  }

  getVersion(key: string, version: string): StoredVersion | undefined {
    return this.#versions.get(key)?.find((one) => one.version === version);
  }

  put(key: string, content: Content, keepVersions: boolean): StoredVersion {
    const id = this.nextId();
    const stored: StoredVersion = { ...content, key, version: `v${id}`, etag: id, lastModified: this.now() };
    if (!this.#current.has(key)) this.#keys.add(key);
    this.#current.set(key, stored);
    const versions = keepVersions ? this.#versions.get(key) : undefined;
    if (versions === undefined) this.#versions.set(key, [stored]);
    else versions.push(stored);
    return stored;
  }

  delete(key: string, keepVersions: boolean): void {
    if (this.#current.delete(key)) this.#keys.delete(key);
    if (!keepVersions) this.#versions.delete(key);
  }

  /** Removes one version for good; when it was the current one, the newest that is left takes its place. */
  deleteVersion(key: string, version: string): void {
    const left = (this.#versions.get(key) ?? []).filter((one) => one.version !== version);
    const wasCurrent = this.#current.get(key)?.version === version;
    if (left.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, left);
    if (!wasCurrent) return;
    const newest = left.at(-1);
    if (newest === undefined) this.delete(key, false);
    else this.#current.set(key, newest);
  }

  /** The object whose key comes first from a place on. */
  first(place: Place): StoredVersion | undefined {
    const key = this.#keys.first(reached(place));
    return key === undefined ? undefined : this.#current.get(key);
  }

  /** An id that no version, part or upload of this bucket has had. */
  nextId(): string {
    this.#lastId += 1;
    return this.#lastId.toString(16).padStart(8, "0");
  }
}

function reached(place: Place): (key: string) => boolean {
  if ("from" in place) return (key) => compareKeys(key, place.from) >= 0;
  if ("after" in place) return (key) => compareKeys(key, place.after) > 0;
  // All keys with one prefix stand together, at the place where the prefix itself would stand.
  return (key) => compareKeys(key, place.behindPrefix) > 0 && !key.startsWith(place.behindPrefix);
}
