import type { ObjectChange } from "@bucketferry/ledger";
import type { Progress, Reporter } from "../report/reporter.ts";
import type { CopyNote } from "./copy-ports.ts";

export interface CopyCounts {
  readonly copied: number;
  /** Found at the target with the right bytes. */
  readonly adopted: number;
  readonly failed: number;
  readonly vanished: number;
  readonly bytes: number;
  /** How often a source changed while it was read, and was read again. */
  readonly changedUnderCopy: number;
  /** Objects whose headers or metadata the target cannot hold, at least in part. */
  readonly notCarried: number;
  /** Objects whose source ETag looks like an MD5 and is not that of the bytes. */
  readonly md5Unproved: number;
  /** Objects that the source serves with another content type than it lists. The one it serves is carried. */
  readonly contentTypeDiffers: number;
}

export interface CopyTally {
  /** Counts what is stored, when it is stored. */
  readonly committed: (change: ObjectChange) => void;
  readonly note: (what: CopyNote) => void;
  counts(): CopyCounts;
}

export function copyTally(reporter: Pick<Reporter, "event">, progress: Pick<Progress, "add">): CopyTally {
  const counts = {
    copied: 0,
    adopted: 0,
    failed: 0,
    vanished: 0,
    bytes: 0,
    changedUnderCopy: 0,
    notCarried: 0,
    md5Unproved: 0,
    contentTypeDiffers: 0,
  };

  return {
    committed(change) {
      // An intermediate note about an object that is still to be copied.
      if (change.state === "planned") return;
      progress.add(1, change.state === "copied" ? change.size : 0);
      if (change.state === "copied") {
        if (change.reason === "adopted") counts.adopted++;
        else counts.copied++;
        counts.bytes += change.size;
        if (change.notCarried !== null) counts.notCarried++;
        return;
      }
      if (change.state === "failed") counts.failed++;
      if (change.state === "vanished") counts.vanished++;
      reporter.event({
        type: "object",
        stage: "copy",
        route: change.route,
        key: change.key,
        state: change.state,
        reason: change.reason,
        code: change.errorCode,
        message: change.errorMessage,
      });
    },
    note(what) {
      counts[what]++;
    },
    counts: () => ({ ...counts }),
  };
}
