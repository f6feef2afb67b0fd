import type { ObjectChange, ObjectOrder, ObjectRecord } from "./objects/object-record.ts";
import type { ObjectWriter, ObjectWriterOptions } from "./objects/object-writer.ts";
import type { ReasonCount, StateCount } from "./objects/object-queries.ts";
import type { ObjectState } from "./objects/states.ts";
import type { LedgerEvent, StoredEvent } from "./runs/events.ts";
import type { RunRecord } from "./runs/runs.ts";
import type { UploadPartRecord, UploadRecord, UploadWithParts } from "./uploads/uploads.ts";

/** Who holds the ledger at this moment. */
export interface LedgerOwner {
  readonly host: string;
  readonly pid: number;
  readonly command: string;
  readonly acquiredAt: number;
  readonly heartbeatAt: number;
}

export interface WalkOptions {
  readonly route: string;
  /** Undefined: all. */
  readonly states?: readonly ObjectState[] | undefined;
  /** Only keys after this one, in byte order; only with the order of keys. */
  readonly after?: string | undefined;
  /** Default: `key`. Any other order is that of the moment in which the walk begins: what enters a state later is not in it. */
  readonly order?: ObjectOrder | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the migrator remembers of every object. Every rejection is a `LedgerError`.
 *
 * Whatever writes does so in one transaction that first proves that the ledger is still ours. Reading needs no lock, and
 * sees what was committed.
 */
export interface Ledger {
  readonly path: string;
  readonly fingerprint: string;
  /** Aborts, with the LedgerError as its reason, when another migrator takes the ledger over, or its file is not there any more. */
  readonly lost: AbortSignal;
  /** How this process became the owner; undefined for a ledger that was opened to read. */
  readonly taken: "free" | "owner-dead" | "lease-over" | undefined;

  readonly objects: {
    /** One page in key order. */
    page(options: {
      readonly route: string;
      readonly states?: readonly ObjectState[] | undefined;
      readonly after?: string | undefined;
      readonly limit?: number | undefined;
    }): Promise<readonly ObjectRecord[]>;
    /** All pages, in key order unless another is named; one page is in memory at a time. Objects may change state behind the reader. */
    pages(options: WalkOptions): AsyncIterable<readonly ObjectRecord[]>;
    /** The objects of `pages`, one by one; for millions of them, `pages` is faster. */
    walk(options: WalkOptions): AsyncIterable<ObjectRecord>;
    find(route: string, keys: readonly string[]): Promise<ReadonlyMap<string, ObjectRecord>>;
    /** States that hold at least one object. */
    count(): Promise<readonly StateCount[]>;
    countByReason(states: readonly ObjectState[]): Promise<readonly ReasonCount[]>;
    /** One page, in key order, of the objects whose headers or metadata the target holds only in part. */
    notCarried(options: {
      readonly route: string;
      readonly after?: string | undefined;
      readonly limit: number;
    }): Promise<readonly ObjectRecord[]>;
    /** How many there are of those. Reads the whole route. */
    countNotCarried(route: string): Promise<number>;
    /** Many steps in one transaction: all of them, or none. */
    write(changes: readonly ObjectChange[]): Promise<void>;
  };

  writer(options?: ObjectWriterOptions): ObjectWriter;

  readonly runs: {
    /** Begins a run; what is noted belongs to it. */
    start(): Promise<number>;
    finish(exitCode: number, summary: Readonly<Record<string, unknown>>): Promise<void>;
    /** Newest first. */
    last(limit?: number): Promise<readonly RunRecord[]>;
  };

  readonly events: {
    note(event: LedgerEvent): Promise<void>;
    /** Newest first; of these types, or of all. */
    last(options?: {
      readonly limit?: number | undefined;
      readonly types?: readonly string[] | undefined;
    }): Promise<readonly StoredEvent[]>;
  };

  /** Uploads in parts that were begun and are not over. What is written at the same time shares a transaction. */
  readonly uploads: {
    /** Replaces what was known of an earlier upload of the same object. Resolves when it is stored, as all of these do. */
    start(upload: UploadRecord): Promise<void>;
    addPart(route: string, key: string, part: UploadPartRecord): Promise<void>;
    find(route: string, key: string): Promise<UploadWithParts | undefined>;
    forget(route: string, key: string): Promise<void>;
    /** Those of one route, in key order, without their parts. They may be forgotten behind the reader. */
    walk(route: string): AsyncIterable<UploadRecord>;
  };

  /** Who holds the ledger; undefined when nobody does. */
  owner(): Promise<LedgerOwner | undefined>;
  /** Reads the whole file: what is damaged, one sentence each. */
  checkIntegrity(): readonly string[];
  /** Gives the lock back. Again is no error. */
  close(): Promise<void>;
}
