import type { Evidence } from "@bucketferry/ledger";
import { DIFF_STATUSES, isTrouble, type DiffRow, type DiffStatus } from "./diff-row.ts";

/** Objects of one kind of difference. */
export interface DiffCount {
  readonly route: string;
  readonly status: DiffStatus;
  readonly reason: string;
  readonly objects: number;
  /** By the source's sizes, or the target's where the source has none. */
  readonly bytes: number;
}

export interface DiffSummary {
  readonly verified: number;
  readonly byEvidence: Partial<Record<Evidence, number>>;
  readonly diff: Readonly<Record<DiffStatus, number>>;
  readonly reasons: readonly DiffCount[];
  readonly troubles: number;
  readonly unproved: number;
  readonly unchecked: number;
}

export interface DiffTally {
  add(row: DiffRow): void;
  summary(): DiffSummary;
}

/** Adds rows up; memory grows with the kinds of difference, not with the objects. */
export function diffTally(): DiffTally {
  const diff = Object.fromEntries(DIFF_STATUSES.map((status) => [status, 0])) as Record<DiffStatus, number>;
  const reasons = new Map<string, { -readonly [Name in keyof DiffCount]: DiffCount[Name] }>();
  const byEvidence: Partial<Record<Evidence, number>> = {};
  let verified = 0;
  let troubles = 0;
  return {
    add(row) {
      diff[row.status]++;
      if (row.state === "verified") verified++;
      if (isTrouble(row)) troubles++;
      if (row.state === "verified" && row.evidence !== null && row.evidence !== "same-md5-etag") {
        byEvidence[row.evidence] = (byEvidence[row.evidence] ?? 0) + 1;
      }
      if (row.reason === null) return;
      const kind = `${row.route}\0${row.status}\0${row.reason}`;
      const { route, status, reason } = row;
      const entry = reasons.get(kind) ?? { route, status, reason, objects: 0, bytes: 0 };
      entry.objects++;
      entry.bytes += row.sourceSize ?? row.targetSize ?? 0;
      reasons.set(kind, entry);
    },
    summary() {
      const objectsOf = (reason: string): number =>
        [...reasons.values()].reduce((sum, entry) => sum + (entry.reason === reason ? entry.objects : 0), 0);
      return {
        verified,
        byEvidence,
        diff,
        reasons: [...reasons.values()].sort((one, other) => other.objects - one.objects),
        troubles,
        unproved: objectsOf("unproved"),
        unchecked: objectsOf("unchecked"),
      };
    },
  };
}
