import type { ObjectRecord, ObjectState } from "@bucketferry/ledger";
import type { DiffReason, DiffStatus, EqualBecause } from "../diff/diff-row.ts";
import { looksLikeMd5, type Digests } from "./compare-copies.ts";
import type { Md5Verdict } from "./md5-trust.ts";
import { isOurCopy, isUnchanged, type ListedObject } from "./plan-object.ts";

export type VerifyDepth = "quick" | "standard" | "deep";

/** What the ledger learns: nothing, that the copy is right, or that it has to be made again, and what the copier will find. */
export type RecordStep =
  | { readonly step: "keep" }
  | { readonly step: "verified"; readonly evidence: EqualBecause | null }
  | {
      readonly step: "plan-again";
      readonly reason: "target-lost" | "target-changed" | "target-damaged" | "source-changed";
    }
  | { readonly step: "vanish" };

/** One row of the diff, and what the ledger learns from it. */
export interface Settled {
  readonly action: "settle";
  readonly status: DiffStatus;
  readonly reason: DiffReason | null;
  readonly evidence: EqualBecause | null;
  readonly record: RecordStep;
}

export type VerifyDecision =
  /** It is on neither side, and was on both or never. */
  | { readonly action: "none"; readonly record: RecordStep }
  | Settled
  /** Only reading can tell. */
  | { readonly action: "read"; readonly sides: "source" | "target" | "both" };

export interface VerifyInput {
  readonly source: ListedObject | undefined;
  readonly target: ListedObject | undefined;
  readonly known: ObjectRecord | undefined;
  readonly depth: VerifyDepth;
}

const KEEP: RecordStep = { step: "keep" };

/**
 * What two listings and the ledger say of one key. "put": on record as copied or verified; "else": not on record, or in any
 * other state.
 *
 * | source | target | on record | quick | standard | deep |
 * | --- | --- | --- | --- | --- | --- |
 * | no | no | put | – (vanished) | – (vanished) | – (vanished) |
 * | yes | no | put | only-source: target-lost | same | same |
 * | yes | no | vanished | only-source: came-back | read the source (S26) | read the source |
 * | yes | no | else | only-source: its state, or not-planned | same | same |
 * | no | not ours | put | only-target: target-changed | same | same |
 * | no | ours | put | only-target: gone-from-source | same | read the target |
 * | no | yes | else | only-target: not-on-record | same | same |
 * | yes | not ours | put | differ: target-changed | same | same |
 * | changed | ours | put | differ: source-changed | same | same |
 * | same | ours | put, with evidence | equal | equal | read both |
 * | same | ours | put, without | unreadable: unproved | read the target | read both |
 * | yes | another size | else | differ: size | same | same |
 * | yes | the same MD5-like ETag | else | equal: same-md5-etag | same | read both |
 * | yes | yes | else | unreadable: unproved | read both | read both |
 */
export function verifyObject({ source, target, known, depth }: VerifyInput): VerifyDecision {
  const put = known !== undefined && (known.state === "copied" || known.state === "verified") ? known : undefined;
  if (source === undefined && target === undefined) {
    return { action: "none", record: put === undefined ? KEEP : { step: "vanish" } };
  }
  if (target === undefined) return onlySource(known, put, depth);
  if (source === undefined) return onlyTarget(target, put, depth);
  if (put !== undefined) return recordedPair(source, target, put, depth);
  return strangers(source, target, depth);
}

const REASON_OF_STATE: Readonly<Record<ObjectState, DiffReason>> = {
  planned: "planned",
  failed: "failed",
  skipped: "skipped",
  vanished: "came-back",
  copied: "target-lost",
  verified: "target-lost",
};

function onlySource(
  known: ObjectRecord | undefined,
  put: ObjectRecord | undefined,
  depth: VerifyDepth,
): VerifyDecision {
  if (put !== undefined) {
    return settled("only-source", "target-lost", { step: "plan-again", reason: "target-lost" });
  }
  // It was gone when the copier asked for it and is listed all the same: perhaps a row without bytes.
  if (known?.state === "vanished" && depth !== "quick") return { action: "read", sides: "source" };
  return settled("only-source", known === undefined ? "not-planned" : REASON_OF_STATE[known.state], KEEP);
}

function onlyTarget(target: ListedObject, put: ObjectRecord | undefined, depth: VerifyDepth): VerifyDecision {
  if (put === undefined) return settled("only-target", "not-on-record", KEEP);
  if (!isOurCopy(target, put)) {
    return settled("only-target", "target-changed", { step: "plan-again", reason: "target-changed" });
  }
  return depth === "deep" ? { action: "read", sides: "target" } : settled("only-target", "gone-from-source", KEEP);
}

function recordedPair(
  source: ListedObject,
  target: ListedObject,
  put: ObjectRecord,
  depth: VerifyDepth,
): VerifyDecision {
  if (!isOurCopy(target, put)) {
    return settled("differ", "target-changed", { step: "plan-again", reason: "target-changed" });
  }
  if (!isUnchanged(source, put)) {
    return settled("differ", "source-changed", { step: "plan-again", reason: "source-changed" });
  }
  if (depth === "deep") return { action: "read", sides: "both" };
  if (put.evidence !== null) return equal(put.evidence);
  return depth === "quick" ? settled("unreadable", "unproved", KEEP) : { action: "read", sides: "target" };
}

function strangers(source: ListedObject, target: ListedObject, depth: VerifyDepth): VerifyDecision {
  if (source.size !== target.size) return settled("differ", "size", KEEP);
  if (depth === "deep") return { action: "read", sides: "both" };
  // Two services that name the same 128 bits by chance do not exist; two that differ may well hold the same bytes (S6).
  if (looksLikeMd5(source.etag) && source.etag.toLowerCase() === target.etag?.toLowerCase()) {
    return { action: "settle", status: "equal", reason: null, evidence: "same-md5-etag", record: KEEP };
  }
  return depth === "quick" ? settled("unreadable", "unproved", KEEP) : { action: "read", sides: "both" };
}

/** What was read of one side: the version that answered, and its bytes. */
export interface ReadSide {
  readonly etag: string;
  readonly size: number;
  readonly digests: Digests;
}

export interface ReadInput {
  readonly known: ObjectRecord | undefined;
  readonly listedSource: ListedObject | undefined;
  readonly source: (ReadSide & { readonly md5: Md5Verdict | undefined }) | undefined;
  readonly target: ReadSide | undefined;
}

/**
 * What the bytes say, once they were read. The first line that fits decides.
 *
 * | read | diff |
 * | --- | --- |
 * | source: the listed ETag with another size | unreadable: source-truncated |
 * | source: not the MD5 that this source names, where it names MD5s | unreadable: source-altered |
 * | source: the version on record with other bytes than on record | unreadable: source-unstable |
 * | source: another version than on record | differ: source-changed |
 * | target: not the bytes on record, under the ETag on record | differ: target-damaged |
 * | target: not the bytes on record, under another ETag | differ: target-changed |
 * | nothing on record: other bytes | differ: bytes |
 * | the same bytes, at the target only | only-target: gone-from-source |
 * | the same bytes | equal: both-read, or read-back |
 *
 * Whatever is `unreadable` here leaves nothing `verified`: the copy was made from a source that cannot be believed.
 */
export function judgeRead({ known, listedSource, source, target }: ReadInput): Settled {
  const put = known !== undefined && (known.state === "copied" || known.state === "verified") ? known : undefined;
  const again = (reason: "target-changed" | "target-damaged" | "source-changed"): RecordStep =>
    put === undefined ? KEEP : { step: "plan-again", reason };

  if (source !== undefined) {
    const listedVersion = listedSource?.etag === undefined || listedSource.etag === source.etag;
    if (listedSource !== undefined && listedVersion && listedSource.size !== source.digests.size) {
      return settled("unreadable", "source-truncated", again("source-changed"));
    }
    if (source.md5 === "altered") return settled("unreadable", "source-altered", again("source-changed"));
    if (put !== undefined && source.digests.sha256 !== put.sha256) {
      return source.etag === put.etag
        ? settled("unreadable", "source-unstable", again("source-changed"))
        : settled("differ", "source-changed", again("source-changed"));
    }
  }
  if (target === undefined) return settled("only-source", "came-back", KEEP);
  const expected = put?.sha256 ?? source?.digests.sha256;
  if (target.digests.sha256 !== expected) {
    if (put === undefined) return settled("differ", "bytes", KEEP);
    const reason = put.targetEtag === null || target.etag === put.targetEtag ? "target-damaged" : "target-changed";
    const status = listedSource === undefined ? "only-target" : "differ";
    return settled(status, reason, again(reason));
  }
  if (source === undefined && listedSource === undefined) return settled("only-target", "gone-from-source", KEEP);
  const evidence = source === undefined ? "read-back" : "both-read";
  return put === undefined ? { ...equal(evidence), record: KEEP } : equal(evidence);
}

function equal(evidence: EqualBecause): Settled {
  return { action: "settle", status: "equal", reason: null, evidence, record: { step: "verified", evidence } };
}

function settled(status: DiffStatus, reason: DiffReason, record: RecordStep): Settled {
  return { action: "settle", status, reason, evidence: null, record };
}
