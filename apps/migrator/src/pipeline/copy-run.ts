import type { CopyConfig } from "@bucketferry/config";
import type { ObjectChange } from "@bucketferry/ledger";
import type { StageContext } from "../stages/stage-context.ts";
import type { CopyNote } from "./copy-ports.ts";

export interface CopyOptions extends Pick<
  CopyConfig,
  "concurrency" | "bandwidthLimitBytesPerSecond" | "partSizeBytes" | "order" | "metadata" | "contentType" | "serverSide"
> {
  /** When copying goes slower, or not at all. */
  readonly schedule?: CopyConfig["schedule"] | undefined;
  /** More than one: child processes that open the configuration `file` for themselves. */
  readonly processes?: { readonly count: number; readonly configFile: string } | undefined;
  /** How long expired credentials or a service that is away are waited for, in milliseconds. */
  readonly patienceMs: number;
}

/** What a run of the stage gives whoever does the copying. */
export interface CopyRun {
  readonly context: StageContext;
  readonly options: CopyOptions;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly record: (change: ObjectChange) => Promise<void>;
  readonly note: (what: CopyNote) => void;
}
