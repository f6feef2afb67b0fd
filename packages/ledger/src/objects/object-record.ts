import type { ObjectState } from "./states.ts";

/** What the target verified while it wrote, or what was compared since: why we believe that a copy is right. */
export type Evidence =
  /** The target checked the body against a checksum of ours while it stored it. */
  | "put-checksum"
  /** The target reports a SHA-256 of the whole object that equals ours. */
  | "stored-checksum"
  /** The target's ETag is the MD5 of the bytes that were read. */
  | "stored-md5"
  /** The bytes were read back from the target and hashed. */
  | "read-back"
  /** Both sides are one service, which reports the same checksum for both; nobody else has read the bytes. */
  | "server-side-copy"
  /** Both sides were read again and hashed. */
  | "both-read";

/** Names and values that the target cannot hold, kept here so that nothing is lost in silence. */
export interface NotCarried {
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * What the ledger holds of one object. `null` is "not known", as SQL and JSON say it.
 * Sizes are bytes, times are milliseconds since 1970 UTC.
 */
export interface ObjectRecord {
  /** Name of the route. */
  readonly route: string;
  /** Exact key at the source. */
  readonly key: string;
  readonly state: ObjectState;
  /** Why it is in this state; kebab-case. */
  readonly reason: string | null;

  readonly size: number;
  readonly etag: string | null;
  readonly version: string | null;
  readonly lastModified: number | null;
  readonly contentType: string | null;

  /** Of the bytes that were read from the source, lower-case hex; of a server-side copy as its evidence says. */
  readonly sha256: string | null;
  readonly targetKey: string;
  readonly targetEtag: string | null;
  readonly targetSize: number | null;
  readonly evidence: Evidence | null;
  readonly notCarried: NotCarried | null;

  /** How often copying was begun since the object was planned. */
  readonly attempts: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly updatedAt: number;
}

/** In which order objects are walked: `-size` is the largest first; of equal ones, the one whose key sorts first. */
export type ObjectOrder = "key" | "size" | "-size" | "newest" | "oldest";

/** What a change replaces. `updatedAt` is the ledger's own business. */
export type ObjectFacts = Omit<ObjectRecord, "route" | "key" | "updatedAt">;

/** One step of one object. `from` is the state that the caller saw: undefined for an object that is not in the ledger yet. */
export interface ObjectChange extends ObjectFacts {
  readonly route: string;
  readonly key: string;
  readonly from: ObjectState | undefined;
}

/** The facts of an object of which only the source's side is known. */
export function emptyFacts(): Omit<ObjectFacts, "state" | "size" | "targetKey"> {
  return {
    reason: null,
    etag: null,
    version: null,
    lastModified: null,
    contentType: null,
    sha256: null,
    targetEtag: null,
    targetSize: null,
    evidence: null,
    notCarried: null,
    attempts: 0,
    errorCode: null,
    errorMessage: null,
  };
}

/** The next step of an object: what it was, with these facts replaced. */
export function changeOf(
  before: ObjectRecord,
  facts: Partial<ObjectFacts> & { readonly state: ObjectState },
): ObjectChange {
  return { ...before, ...facts, from: before.state };
}
