import type { Evidence, ObjectState } from "@bucketferry/ledger";
import type { StorageErrorCode } from "@bucketferry/storage-core";
import type { MetadataDifference } from "../decide/compare-metadata.ts";

/** How an object at the source and one at the target stand to each other: every key of a route has exactly one of them. */
export const DIFF_STATUSES = ["equal", "differ", "only-source", "only-target", "unreadable"] as const;
export type DiffStatus = (typeof DIFF_STATUSES)[number];

export type DiffReason =
  /** `differ`: what lies at the target is not the copy that was put there. */
  | "target-changed"
  /** `differ`: our copy, as its ETag says, with other bytes than were put. */
  | "target-damaged"
  /** `differ`: the source holds a newer version than the one that was copied. */
  | "source-changed"
  /** `differ`: no copy of ours, and of another size. */
  | "size"
  /** `differ`: no copy of ours, and both were read and have other bytes. */
  | "bytes"
  /** `differ`: the same bytes, with other headers or metadata. */
  | "metadata"
  /** `only-source`: the source has it, and no plan has seen it yet. */
  | "not-planned"
  /** `only-source`: on record, and not copied: planned, failed, left out, or gone once and back again. */
  | "planned"
  | "failed"
  | "skipped"
  | "came-back"
  /** `only-source`: a copy was put, and is not there any more. */
  | "target-lost"
  /** `only-target`: nothing on record; somebody else's object. */
  | "not-on-record"
  /** `only-target`: our copy of an object that the source does not have any more. */
  | "gone-from-source"
  /** `unreadable`: looks equal, and nothing proves the bytes (`--quick`, and outside of a sample). */
  | "unproved"
  /** `unreadable`: a side did not answer; code and message say how. */
  | "unchecked"
  /** `unreadable`: the source lists it and has no bytes for it (S26). */
  | "listed-without-bytes"
  /** `unreadable`: the source names one version and sends another number of bytes than it lists for it (S10). */
  | "source-truncated"
  /** `unreadable`: this source's ETags are MD5s, and what arrived has another one: changed on the way (S7, S8). */
  | "source-altered"
  /** `unreadable`: one version of the source was read twice, and the bytes were not the same. */
  | "source-unstable";

/** Why two copies count as equal: the evidence on record, or what was just seen. */
export type EqualBecause = Evidence | "same-md5-etag";

/** One object of the diff; `null` is "not known" or "not there". */
export interface DiffRow {
  readonly route: string;
  readonly key: string;
  readonly targetKey: string;
  readonly status: DiffStatus;
  readonly reason: DiffReason | null;
  /** In the ledger, after this check; null for an object that is not on record. */
  readonly state: ObjectState | null;
  readonly evidence: EqualBecause | null;
  readonly sourceSize: number | null;
  readonly targetSize: number | null;
  readonly sourceEtag: string | null;
  readonly targetEtag: string | null;
  /** Of bytes that were read for this row, hex. */
  readonly sourceSha256: string | null;
  readonly targetSha256: string | null;
  /** Headers and metadata that differ, where both sides were asked. */
  readonly metadata: readonly MetadataDifference[];
  readonly code: string | null;
  readonly message: string | null;
}

/**
 * Differences that have an explanation. Nothing is left to do about them: what was left out on purpose, and what is at the
 * target only, where nothing is ever deleted (L11).
 */
const EXPLAINED: readonly (DiffReason | null)[] = ["skipped", "not-on-record", "gone-from-source"];

/** Whether somebody has to look at this object before the move is complete (L10). */
export function isTrouble({ status, reason }: Pick<DiffRow, "status" | "reason">): boolean {
  return status !== "equal" && !EXPLAINED.includes(reason);
}

interface Doubt {
  readonly code: StorageErrorCode;
  readonly message: string;
}

const DOUBTS: Partial<Readonly<Record<DiffReason, Doubt>>> = {
  "source-truncated": {
    code: "IncompleteBody",
    message: "The source sends another number of bytes than it lists for this version.",
  },
  "source-altered": {
    code: "ChecksumMismatch",
    message: "The bytes that arrived are not the ones whose MD5 the source lists: something on the way changed them.",
  },
  "source-unstable": {
    code: "ChecksumMismatch",
    message: "One version of the source was read twice, and the bytes were not the same.",
  },
};

/** What is wrong with a source that sends other bytes than it stores; undefined for reasons that are no such doubt. */
export function doubtOf(reason: DiffReason | null): Doubt | undefined {
  return reason === null ? undefined : DOUBTS[reason];
}
