import type { CopyConfig, Route } from "@bucketferry/config";
import type { ObjectChange } from "@bucketferry/ledger";
import type { Reporter } from "../report/reporter.ts";
import type { ByteBudget } from "../transfer/byte-budget.ts";
import type { CarryPolicy } from "../transfer/carry-policy.ts";
import type { PartBuffers } from "../transfer/part-buffers.ts";
import type { UploadJournal } from "../transfer/transfer.ts";
import type { Throttle } from "./throttle.ts";

/** What is counted while an object is copied; what becomes of it in the end is counted from the ledger's changes. */
export type CopyNote = "changedUnderCopy" | "md5Unproved" | "contentTypeDiffers";

/**
 * All that a copier needs of its surroundings. In the process that owns the ledger they are the ledger itself; in a child
 * process they are messages to it. The copier does not know which.
 */
export interface CopyPorts {
  readonly routes: readonly Route[];
  /** Resolves when there is room for the next change, not when this one is stored. */
  readonly record: (change: ObjectChange) => Promise<void>;
  readonly uploads: UploadJournal;
  readonly note: (what: CopyNote) => void;
  readonly reporter: Pick<Reporter, "event" | "log">;
  readonly throttle: Throttle;
  readonly budget: ByteBudget;
  readonly parts: PartBuffers;
  /** Begin nothing new. */
  readonly drain: AbortSignal;
  /** End what is under way. */
  readonly signal: AbortSignal;
  readonly partSizeBytes: number | undefined;
  readonly policy: CarryPolicy;
  readonly serverSide: CopyConfig["serverSide"];
  /** How long expired credentials or a service that is away are waited for, in milliseconds. */
  readonly patienceMs: number;
}
