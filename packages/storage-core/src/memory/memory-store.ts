import type { StorageOperation } from "../errors/storage-error.ts";
import { MemoryBucket } from "./memory-bucket.ts";

/** One request as the store sees it, as one of the provider's calls. */
export interface MemoryCall {
  readonly operation: StorageOperation;
  readonly bucket: string;
  readonly key: string | undefined;
}

/** One request reaches the store: it is counted, may be troubled by a test, and finds its bucket. */
export type Arrive = (operation: StorageOperation, key?: string) => Promise<MemoryBucket>;

/**
 * The service behind memory providers: buckets by name, a clock, and the secret that its URLs are signed with.
 * Providers that share a store see the same objects.
 */
export class MemoryStore {
  readonly buckets = new Map<string, MemoryBucket>();
  /** Reads the time; tests replace it to let URLs expire. */
  readonly now: () => Date;
  /** Calls of drivers so far: what a service behind a network would count as requests. */
  requests = 0;
  readonly #secret = crypto.getRandomValues(new Uint8Array(32));
  #signingKey: Promise<CryptoKey> | undefined;

  constructor(options: { readonly buckets?: readonly string[]; readonly now?: () => Date } = {}) {
    this.now = options.now ?? (() => new Date());
    for (const name of options.buckets ?? []) this.makeBucket(name);
  }

  makeBucket(name: string): MemoryBucket {
    const known = this.buckets.get(name);
    if (known !== undefined) return known;
    const bucket = new MemoryBucket(this.now);
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** HMAC with SHA-256 of the text, under a secret that never leaves the store. */
  async sign(text: string): Promise<Uint8Array> {
    this.#signingKey ??= crypto.subtle.importKey("raw", this.#secret, { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
    ]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", await this.#signingKey, new TextEncoder().encode(text)));
  }
}
