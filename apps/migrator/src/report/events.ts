import type { DiffRow } from "../diff/diff-row.ts";
import type { OldReference, ReferenceEvent } from "../references/contract.ts";

/**
 * Everything that a command says while it works: with `--json` each event is one line, as it is. The table in the README
 * explains them one by one. Keys, counts, codes and sentences only; no secret.
 */
export type CommandEvent =
  | {
      readonly type: "start";
      readonly command: string;
      readonly version: string;
      readonly config: string;
      readonly ledger: string;
      readonly fingerprint: string;
      readonly routes: readonly string[];
    }
  | { readonly type: "stage"; readonly stage: string; readonly status: "started" | "finished" | "interrupted" }
  | {
      readonly type: "progress";
      readonly stage: string;
      readonly objects: number;
      readonly totalObjects: number | undefined;
      readonly bytes: number;
      readonly totalBytes: number | undefined;
      readonly objectsPerSecond: number;
      readonly bytesPerSecond: number;
      readonly etaSeconds: number | undefined;
    }
  | {
      readonly type: "plan-action";
      readonly route: string;
      readonly action: string;
      readonly reason: string | undefined;
      readonly objects: number;
      readonly bytes: number;
    }
  | {
      readonly type: "object";
      readonly stage: string;
      readonly route: string;
      readonly key: string;
      readonly state: string;
      readonly reason: string | null;
      readonly code: string | null;
      readonly message: string | null;
    }
  | ({ readonly type: "diff" } & DiffRow)
  | { readonly type: "twins"; readonly route: string; readonly keys: readonly string[] }
  | {
      readonly type: "warning";
      readonly code: string;
      readonly message: string;
      readonly route?: string | undefined;
      readonly key?: string | undefined;
    }
  | {
      readonly type: "schedule";
      readonly window: string | undefined;
      readonly paused: boolean;
      readonly concurrency: number | undefined;
      readonly bandwidthBytesPerSecond: number | undefined;
      readonly message: string;
    }
  | { readonly type: "paused" | "resumed"; readonly side: string; readonly code: string; readonly message: string }
  | {
      readonly type: "finding";
      readonly subject: string;
      readonly id: string;
      readonly level: "ok" | "warning" | "error";
      readonly message: string;
      readonly fix?: string | undefined;
    }
  | {
      readonly type: "step";
      readonly route: string;
      readonly bucket: string;
      readonly step: string;
      readonly done: boolean;
    }
  | {
      readonly type: "counts";
      readonly route: string;
      readonly state: string;
      readonly objects: number;
      readonly bytes: number;
    }
  | {
      readonly type: "run";
      readonly id: number;
      readonly command: string;
      readonly startedAt: string;
      readonly finishedAt: string | null;
      readonly exitCode: number | null;
    }
  | {
      readonly type: "owner";
      readonly host: string;
      readonly pid: number;
      readonly command: string;
      readonly since: string;
    }
  | {
      readonly type: "explanation";
      readonly url: string;
      /** Of a cell: where in it. */
      readonly path: string | undefined;
      readonly route: string | undefined;
      readonly side: string | undefined;
      readonly kind: string | undefined;
      readonly key: string | undefined;
      readonly candidates: readonly string[];
      readonly state: string | null;
      readonly policy: string | undefined;
      readonly becomes: string | undefined;
      readonly verdict: string;
    }
  | { readonly type: "gate"; readonly stage: string; readonly open: boolean; readonly reasons: readonly string[] }
  | {
      readonly type: "evidence";
      readonly file: string;
      readonly sha256: string;
      readonly root: string;
      readonly lines: number;
    }
  | {
      readonly type: "audited";
      readonly route: string;
      readonly key: string;
      readonly side: "source" | "target";
      readonly status: "lost" | "changed" | "unreadable";
      readonly code: string | null;
      readonly message: string | null;
    }
  | {
      readonly type: "inclusion";
      readonly route: string;
      readonly key: string;
      readonly leaf: string;
      readonly leafIndex: number;
      readonly treeSize: number;
      readonly path: readonly string[];
      readonly root: string;
    }
  | {
      readonly type: "reference";
      readonly table: string;
      readonly column: string;
      readonly primaryKey: Readonly<Record<string, string | number | boolean | null>>;
      readonly route: string;
      readonly key: string;
      readonly problem: string;
    }
  | ErrorEvent
  /** `watch`: a reference in the old form. */
  | ({ readonly type: "old-reference" } & OldReference)
  /** `watch`: one look at the database is over. */
  | { readonly type: "look"; readonly first: boolean; readonly cells: number; readonly references: number }
  | ReferenceEvent;

/** The last line of every command, also of one that failed. */
export interface SummaryEvent {
  readonly type: "summary";
  readonly command: string;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly interrupted: boolean;
  /** What the command counted; each command's own names, see the README. */
  readonly counts: Readonly<Record<string, unknown>>;
  readonly error?: ToldFailure | undefined;
}

export type ErrorEvent = { readonly type: "error" } & ToldFailure;

/** Why a command failed. */
export interface ToldFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** What is wrong with the configuration, one by one. */
  readonly problems?:
    | readonly { readonly path: string; readonly message: string; readonly fix?: string | undefined }[]
    | undefined;
}
