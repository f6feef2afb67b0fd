import { changeOf, emptyFacts, type ObjectChange, type ObjectRecord, type ObjectState } from "@bucketferry/ledger";
import type { ObjectEntry } from "@bucketferry/storage-core";
import type { PlanDecision } from "./plan-object.ts";

export interface DecidedObject {
  readonly route: string;
  readonly key: string;
  readonly targetKey: string;
  readonly source: ObjectEntry | undefined;
  readonly known: ObjectRecord | undefined;
}

const STATES = { copy: "planned", skip: "skipped", refuse: "failed" } as const satisfies Record<string, ObjectState>;

/** What the ledger has to remember of a decision; undefined when it knows it already. */
export function planChange(decision: PlanDecision, object: DecidedObject): ObjectChange | undefined {
  const { source, known } = object;
  switch (decision.action) {
    case "none":
    case "keep":
    case "targetOnly":
      return undefined;
    case "vanish":
      return (
        known &&
        changeOf(known, { state: "vanished", reason: reasonOfVanished(known), errorCode: null, errorMessage: null })
      );
    case "copy":
    case "skip":
    case "refuse": {
      if (source === undefined) return undefined;
      const state = STATES[decision.action];
      const sourceFacts = {
        size: source.size,
        etag: source.etag ?? null,
        lastModified: source.lastModified?.getTime() ?? null,
        contentType: source.contentType ?? known?.contentType ?? null,
      };
      const isOnRecord =
        known?.state === state &&
        known.reason === decision.reason &&
        known.size === sourceFacts.size &&
        known.etag === sourceFacts.etag &&
        known.lastModified === sourceFacts.lastModified;
      if (isOnRecord) return undefined;
      const facts = {
        ...sourceFacts,
        state,
        reason: decision.reason,
        sha256: null,
        version: null,
        evidence: null,
        notCarried: null,
        attempts: 0,
        errorCode: decision.action === "refuse" ? "Refused" : null,
        errorMessage: decision.action === "refuse" ? decision.message : null,
      } as const;
      if (known !== undefined) return changeOf(known, facts);
      const { route, key, targetKey } = object;
      return { ...emptyFacts(), ...facts, route, key, targetKey, from: undefined };
    }
  }
}

/**
 * Reasons of `vanished`:
 *
 * - `not-listed`: deleted at the source when its copy had been verified, or when there was none.
 * - `deleted-unverified`: deleted at the source before the copy on record was verified.
 * - `gone-from-source`: the copier asked for it in vain.
 * - `copy-removed`: one of the two, and the copy was removed.
 */
export const VANISHED = {
  notListed: "not-listed",
  deletedUnverified: "deleted-unverified",
  goneFromSource: "gone-from-source",
  copyRemoved: "copy-removed",
} as const;

function reasonOfVanished({ state, targetEtag }: ObjectRecord): string {
  return state === "verified" || targetEtag === null ? VANISHED.notListed : VANISHED.deletedUnverified;
}

/** Whether an object that is gone from the source has left a copy at the target that nobody had called right yet (S3). */
export function isUnverifiedCopy({ state, reason, targetEtag }: ObjectRecord): boolean {
  return (
    state === "vanished" &&
    targetEtag !== null &&
    (reason === VANISHED.deletedUnverified || reason === VANISHED.goneFromSource)
  );
}
