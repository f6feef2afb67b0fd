import type { CopyConfig } from "@bucketferry/config";
import type { ObjectChange, ObjectRecord } from "@bucketferry/ledger";
import type { Side } from "../decide/failure.ts";
import type { CommandEvent } from "../report/events.ts";
import type { LogLevel } from "../report/reporter.ts";
import type { CarryPolicy } from "../transfer/carry-policy.ts";
import type { UploadJournal } from "../transfer/transfer.ts";
import type { CopyNote } from "./copy-ports.ts";
import type { Pace } from "./throttle.ts";

/**
 * What the process that owns the ledger and its children say to each other. No message holds a secret: a child opens the
 * configuration, and reads the environment, for itself.
 */
export type ToChild =
  | ({ readonly type: "begin" } & ChildTask)
  | { readonly type: "pace"; readonly pace: Pace }
  | { readonly type: "hold"; readonly host: string; readonly forMs: number }
  | { readonly type: "drain" | "abort" }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown };

export type FromChild =
  | ({ readonly type: "call"; readonly id: number } & ChildCall)
  | { readonly type: "note"; readonly what: CopyNote }
  | { readonly type: "event"; readonly event: CommandEvent }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly type: "hold"; readonly host: string; readonly forMs: number }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly failure: ChildFailure };

export interface ChildTask {
  readonly configFile: string;
  /** Graver messages, and those of this level, are sent. */
  readonly logLevel: LogLevel;
  readonly pace: Pace;
  /** How many processes share the memory. */
  readonly processes: number;
  readonly partSizeBytes: number | undefined;
  readonly patienceMs: number;
  readonly policy: CarryPolicy;
  readonly serverSide: CopyConfig["serverSide"];
}

/** What a child asks for; the answer comes when it is done. */
export type ChildCall =
  /** The next objects to copy; `undefined` when there are none. */
  | { readonly method: "shard" }
  | { readonly method: "record"; readonly changes: readonly ObjectChange[] }
  | {
      [Method in keyof UploadJournal]: { readonly method: Method; readonly args: Parameters<UploadJournal[Method]> };
    }[keyof UploadJournal];

export type Shard = readonly ObjectRecord[];

/** What ended a child, so that its parent can fail with the same error. */
export interface ChildFailure {
  readonly message: string;
  readonly located:
    | { readonly route: string; readonly side: Side; readonly error: Readonly<Record<string, unknown>> }
    | undefined;
}
