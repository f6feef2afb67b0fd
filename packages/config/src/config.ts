import type { StorageAdapter, UrlKind } from "@bucketferry/storage-core";
import type { DatabaseLocation } from "./database-url.ts";
import type { Selection } from "./selection-schema.ts";

/** A configuration that was read, resolved and found to be sound. Paths are absolute. */
export interface Config {
  readonly file: string;
  /** The folder of `file`: what relative paths in it are relative to. */
  readonly directory: string;
  readonly ledger: DatabaseLocation;
  readonly routes: readonly RouteConfig[];
  readonly database: DatabaseConfig | undefined;
  readonly rewrite: RewriteConfig;
  readonly copy: CopyConfig;
}

export interface RouteConfig {
  readonly name: string;
  readonly source: SideConfig;
  readonly target: SideConfig;
  /** Which of the source's objects the route takes up. */
  readonly selection: Selection;
}

export interface SideConfig {
  readonly adapter: StorageAdapter;
  /** Validated by the adapter's schema. Holds secrets. */
  readonly options: unknown;
  /** Key prefix below which this side lives; empty for none. */
  readonly prefix: string;
  /** Which place this is, in words without secrets: equal for equal places. */
  readonly identity: string;
}

export type DatabaseConfig = DatabaseLocation & {
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[];
  /** `table.column` or `schema.table.column` → the name of a route. */
  readonly keyColumns: Readonly<Record<string, string>>;
  readonly maxValueBytes: number;
  readonly replicaUrl: string | undefined;
};

export interface RewriteConfig {
  readonly to: "public" | "app" | "key";
  readonly appBaseUrl: string | undefined;
  /** Only what the file says; the rewriter has defaults for the others. */
  readonly forms: Partial<Readonly<Record<UrlKind, FormPolicy>>>;
  readonly rowsPerSecond: number | undefined;
  readonly maxReplicaLagMs: number | undefined;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/**
 * What becomes of references of one form. `map`: the object's new URL; parameters that only the old service knows go.
 * `map-and-drop-query`: without any query. `keep`: stays, as asked. `report`: stays, because somebody has to decide.
 */
export type FormPolicy = "map" | "map-and-drop-query" | "keep" | "report";

export interface CopyConfig {
  /** Objects at once, at most, all processes together. */
  readonly concurrency: number;
  readonly processes: number;
  readonly schedule: CopySchedule | undefined;
  readonly bandwidthLimitBytesPerSecond: number | undefined;
  readonly partSizeBytes: number | undefined;
  /** Within each route; `-size` is the largest first. */
  readonly order: "key" | "size" | "-size" | "newest" | "oldest";
  /** What happens to an object whose headers or metadata the target cannot hold. */
  readonly metadata: "keep-in-ledger" | "fail";
  /** `repair`: a missing or meaningless content type is filled in by the ending of the key. */
  readonly contentType: "keep" | "repair";
  /** `copy`: somebody restored what the listing calls archived. */
  readonly archived: "skip" | "copy";
  /** `auto`: a service that has both sides copies large objects by itself, where it says what their bytes are. */
  readonly serverSide: "auto" | "never";
  readonly maxAttempts: number;
  /** Without any progress for so long, a request counts as lost. */
  readonly timeoutMs: number;
}

/** When copying goes slower, or not at all. The first window that is open counts. */
export interface CopySchedule {
  /** IANA name. */
  readonly timeZone: string;
  readonly windows: readonly ScheduleWindow[];
}

export interface ScheduleWindow {
  /** On which it begins. */
  readonly days: readonly ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** Minutes after midnight. */
  readonly fromMinute: number;
  /** Not after `fromMinute`: on the next day. */
  readonly toMinute: number;
  readonly bandwidthLimitBytesPerSecond: number | undefined;
  readonly concurrency: number | undefined;
  /** Nothing new is begun. */
  readonly pause: boolean;
}
