import type { StorageProvider } from "@bucketferry/storage-core/provider";
import type { Cell, CellAddress } from "./cell.ts";
import type { DatabaseLimits } from "./database/limits.ts";
import type { PaceOptions } from "./pace-options.ts";
import type { OneCell } from "./read-cell.ts";
import type { FormPolicies } from "./text/form-policies.ts";
import type { ReferenceKind } from "./text/occurrence.ts";

/**
 * The face between the commands and the part that finds, rewrites and restores what an app's database says about its
 * objects. A **reference** is one URL, path or key in a cell; a **cell** is one column of one row and may hold many.
 *
 * Every event is a small plain object: it is written as one line of JSON as it is, so it holds no secret. Whoever emits
 * text out of a cell masks tokens and signatures in it first (`token=…`, `X-Amz-Signature=…`).
 */

/** Where the app's database is. */
export type DatabaseLocation =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/** What a reference becomes: the target's public URL, the app's own stable `/files/…` URL, or the bare key at the target. */
export type RewriteTo = (
  | { readonly to: "public" }
  | { readonly to: "app"; readonly appBaseUrl: string }
  | { readonly to: "key" }
) & {
  /** What becomes of each form of URL, where it is not the default: see `text/policies.ts`. */
  readonly forms?: Partial<FormPolicies> | undefined;
};

/** The part of a route that the rewriter needs. `source.parseUrl` reads old URLs, `target.publicUrl` writes new ones. */
export interface ReferenceRoute {
  readonly name: string;
  readonly source: Pick<StorageProvider, "parseUrl" | "urlHosts" | "urlPathPart" | "bucket" | "name" | "publicUrl">;
  readonly target: Pick<StorageProvider, "parseUrl" | "urlHosts" | "urlPathPart" | "bucket" | "name" | "publicUrl">;
  /** The key at the target of an object that has this key at the source; pure. */
  targetKey(key: string): string;
}

export interface OpenReferencesOptions {
  readonly database: DatabaseLocation;
  readonly routes: readonly ReferenceRoute[];
  readonly rewriteTo: RewriteTo;
  /** `table.column` patterns, `*` for any part of a name; undefined: every text, JSON and array column. */
  readonly include?: readonly string[] | undefined;
  /** Patterns like those of `include`; they win over it. */
  readonly exclude: readonly string[];
  /** Columns that hold bare keys, or keys behind the bucket's name: `table.column` → the route whose keys they are. */
  readonly keyColumns?: Readonly<Record<string, string>> | undefined;
  /** How gently the database is handled. */
  readonly limits?: Partial<DatabaseLimits> | undefined;
}

/** What the ledger knows of one object. */
export interface ObjectState {
  readonly state: "planned" | "copied" | "verified" | "failed" | "vanished" | "skipped";
  /** The key that the copy has at the target, as the ledger recorded it. */
  readonly targetKey: string;
  /** Why the object is in this state, where it is not the usual way. */
  readonly reason?: string | undefined;
}

/**
 * Asks the ledger about some objects of a route, by their keys at the source. A key that the ledger has never seen is
 * absent from the answer. At most 1,000 keys a call.
 */
export type LookUpStates = (route: string, keys: readonly string[]) => Promise<ReadonlyMap<string, ObjectState>>;

/** Why a reference, or a whole cell, stays as it is. */
export type KeptReason =
  /** No object of that key is in the ledger: the row points to a file that the source does not have (D16). */
  | "unknown-object"
  /** The object is there, and its copy is not verified yet. */
  | "not-verified"
  /** Two readings of the text lead to two objects (D12). */
  | "ambiguous"
  /** A form of URL that has no counterpart at the target, such as an image transformation. */
  | "no-counterpart"
  /** A form that asked for a token or a session, and the new one would ask for nothing: `rewrite.forms` decides. */
  | "private-form"
  /** A form of which `rewrite.forms` says `report`. */
  | "reported-form"
  /** A form of which `rewrite.forms` says `keep`. */
  | "kept-by-policy"
  /** Looks like a URL of the source, on the host of another project. */
  | "other-project"
  /** Looks like a URL of the source, of a bucket that no route moves. */
  | "other-bucket"
  /** JSON in a string of JSON in a string …, more often than is read. */
  | "too-deep"
  /** Longer than any URL that a service issues. */
  | "too-long"
  /** The new text holds characters that would need escapes, and the place does not show which. */
  | "not-writable-here"
  /** The new text does not fit the column: its length, a check, a unique index (D7). */
  | "does-not-fit"
  /** The column's type cannot be edited without changing other bytes (D10). */
  | "not-rewritable"
  /** Somebody changed the row again and again while it was being written (D1). */
  | "row-changed"
  /** Row-level security lets this user read the row and not write it, or hides it (D4). */
  | "row-security"
  /** Somebody held a lock on the row for longer than we wait, again and again (D3). */
  | "locked";

// ---------------------------------------------------------------------------------------------------------------------

export interface DescribedTable {
  readonly table: string;
  /** From the database's statistics where it has them; undefined: unknown. */
  readonly estimatedRows?: number | undefined;
  /** Columns that will be looked at. */
  readonly columns: readonly string[];
  /** Why the table is left out (a view, a foreign table, excluded …); undefined: it is not. */
  readonly skipped?: string | undefined;
}

export interface DatabaseFinding {
  /** Stable, kebab-case: `reachable`, `permission`, `replica`, `pooler`, `trigger` … */
  readonly id: string;
  readonly level: "ok" | "warning" | "error";
  /** One sentence for a person. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
}

/** What `doctor` shows. An unreachable database is a finding, not a rejection. */
export interface DatabaseDescription {
  /** `SQLite 3.53.0`, `PostgreSQL 15.14`. Undefined when the database could not be reached. */
  readonly engine?: string | undefined;
  readonly tables: readonly DescribedTable[];
  readonly findings: readonly DatabaseFinding[];
}

// ---------------------------------------------------------------------------------------------------------------------

/** What was found in one column. */
export interface ColumnInventory {
  readonly table: string;
  readonly column: string;
  readonly rows: number;
  /** Cells that hold at least one reference to a source. */
  readonly cells: number;
  readonly references: number;
  /** References that are already in the target's form. */
  readonly alreadyRewritten: number;
  readonly byRoute: Readonly<Record<string, number>>;
  readonly byKind: Partial<Readonly<Record<ReferenceKind, number>>>;
  /** As they stand in the text, with their ports; an empty name: without a host. */
  readonly byHost: Readonly<Record<string, number>>;
  /** URLs of another project or bucket, which look like ours. They are no references, and not counted as such. */
  readonly foreign: number;
  /** Of the references those that can be read in more than one way, so that only the ledger can tell which object is meant. */
  readonly unsure: number;
  /** JSON paths that references stand at (`$.cover.url`, `$.files[*]`), with counts; empty for plain text. */
  readonly byPath: Readonly<Record<string, number>>;
  /** A few of the references, masked. */
  readonly samples: readonly string[];
}

export interface ScanSummary {
  readonly tables: number;
  readonly rows: number;
  readonly cells: number;
  readonly references: number;
  readonly columns: readonly ColumnInventory[];
}

export interface RewriteSummary {
  /** False: a dry run; the numbers say what would have been done. */
  readonly applied: boolean;
  readonly rows: number;
  /** Cells that were written (would be written). */
  readonly cellsRewritten: number;
  readonly referencesRewritten: number;
  /** References that were in the target's form before. */
  readonly alreadyRewritten: number;
  readonly kept: Partial<Readonly<Record<KeptReason, number>>>;
  /** Cells whose writing failed for a reason of the database. */
  readonly failed: number;
}

export interface RollbackSummary {
  readonly applied: boolean;
  /** Cells that have (would get) their old value again. */
  readonly restored: number;
  /** Journalled cells that hold their old value already. */
  readonly alreadyRestored: number;
  /** Cells that somebody edited since: left alone, and reported one by one (D22). */
  readonly editedSince: number;
  /** Cells whose row is gone. */
  readonly missing: number;
  readonly failed: number;
}

/** One reference as the database holds it now. */
export interface StoredReference extends Cell {
  /** Where in the cell: a JSON path, or the index of an array element. */
  readonly path?: string | undefined;
  /** The text of the reference now, unmasked: `prove` fetches it. Mask it before it is shown. */
  readonly url: string;
  readonly route: string;
  /** The object's key at the source. */
  readonly key: string;
  /** `target`: rewritten. `source`: still the old form, because it was kept, or because it was written after the rewrite. */
  readonly side: "source" | "target";
}

/** A cell that holds the old form of a reference. */
export interface OldReference extends Cell {
  readonly path?: string | undefined;
  /** Masked. */
  readonly text: string;
  readonly route: string;
  readonly key: string;
}

/** What one look at the database found. */
export interface Look {
  /** The first look at the database: what it finds was there before. */
  readonly isFirst: boolean;
  readonly cells: number;
  readonly references: number;
  /** Statements that would keep such rows out from now on, for a person to decide. */
  readonly guards: readonly string[];
}

// ---------------------------------------------------------------------------------------------------------------------

export type ReferenceEvent =
  /** At the start and the end of a table, and every few seconds in between. `totalRows` is an estimate. */
  | {
      readonly type: "reference-progress";
      readonly table: string;
      readonly rows: number;
      readonly totalRows?: number | undefined;
      readonly done: boolean;
    }
  /** A table or column that is left out, and why. */
  | {
      readonly type: "reference-skipped";
      readonly table: string;
      readonly column?: string | undefined;
      readonly reason: string;
      /** Rows of a column that cannot be rewritten, and that hold something all the same; `scan` counts them. */
      readonly rows?: number | undefined;
    }
  /** `scan`: one column, when it has been read to its end. Columns without a reference are not announced. */
  | ({ readonly type: "reference-column" } & ColumnInventory)
  /** `rewrite` and `rollback`: a cell that was changed (would be changed). Texts are masked and cut to some hundred characters. */
  | (Cell & {
      readonly type: "cell-rewritten" | "cell-restored";
      readonly applied: boolean;
      readonly references: number;
      readonly before: string;
      readonly after: string;
    })
  /** A reference that stays as it is. */
  | (Cell & {
      readonly type: "reference-kept";
      readonly path?: string | undefined;
      /** Masked. */
      readonly text: string;
      readonly route: string;
      /** The likeliest reading. */
      readonly key: string;
      readonly reason: KeptReason;
    })
  /**
   * A cell that was left alone. For `rollback` of one that was edited since: what it held before, what we wrote, and what it
   * holds now, for a merge by hand; `now` is null for NULL.
   */
  | (Cell & {
      readonly type: "cell-left";
      readonly reason: "edited-since" | "missing";
      readonly before?: string | undefined;
      readonly ours?: string | undefined;
      readonly now?: string | null | undefined;
    })
  /** A cell that could not be written. `message` is the database's, without values. */
  | (Cell & { readonly type: "cell-failed"; readonly code: string; readonly message: string });

export interface StageOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: ReferenceEvent) => void;
}

export interface WatchOptions extends StageOptions {
  /** Undefined: one look, and the end. */
  readonly intervalMs: number | undefined;
  /** Told of each reference that is found; at the first look only when it is the only one. */
  readonly onFound: (reference: OldReference) => void;
}

export interface References {
  /** One cell as it is now, with everything in it that is a reference or looks like one. @throws DatabaseError: no such cell */
  cell(address: CellAddress): Promise<OneCell>;

  /** Reads catalogues only. */
  describe(options: { readonly signal: AbortSignal }): Promise<DatabaseDescription>;

  /** Reads everything, changes nothing. `onReference` is told of every reference, by its key at its side. */
  scan(
    options: StageOptions & {
      readonly table?: string | undefined;
      readonly onReference?: (reference: {
        readonly route: string;
        readonly key: string;
        readonly side: "source" | "target";
      }) => void;
    },
  ): Promise<ScanSummary>;

  /**
   * Rewrites references whose object is `verified`, and only those. Each cell is written by compare-and-swap on its old
   * value, and journalled in the same transaction. Killed at any point and run again, it goes on.
   * `limit`: stop after so many cells. `table`: only that one, as `describe` names it.
   */
  rewrite(
    options: StageOptions & {
      readonly apply: boolean;
      readonly states: LookUpStates;
      readonly limit?: number | undefined;
      readonly table?: string | undefined;
      readonly pace?: PaceOptions | undefined;
    },
  ): Promise<RewriteSummary>;

  /** Puts back what `rewrite` changed, newest first, by compare-and-swap on the value that it wrote. */
  rollback(
    options: StageOptions & { readonly apply: boolean; readonly table?: string | undefined },
  ): Promise<RollbackSummary>;

  /** Every reference to an object of the routes, old form or new, as the primary database holds it now. */
  prove(options: StageOptions): AsyncIterable<StoredReference>;

  /** Old forms that are in the database, and those that arrive; one answer for each look at it. */
  watch(options: WatchOptions & { readonly table?: string | undefined }): AsyncIterable<Look>;

  close(): Promise<void>;
}

export type DatabaseErrorCode =
  /** Nothing there: no file, no such database, nobody listens. */
  | "unreachable"
  /** It is there, and does not let us in, or not far enough. */
  | "denied"
  /** It is there, and is not a database that we can read. */
  | "unreadable"
  /** Somebody holds a lock for longer than we wait. */
  | "locked"
  | "disk-full"
  | "unexpected";

/** Message and hint hold no password and no value of a row. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: DatabaseErrorCode;
  readonly hint: string | undefined;

  constructor(
    code: DatabaseErrorCode,
    message: string,
    details: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}
