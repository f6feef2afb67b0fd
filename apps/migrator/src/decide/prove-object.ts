import type { ObjectRecord } from "@bucketferry/ledger";
import { isOurCopy, type ListedObject } from "./plan-object.ts";

/** `proved`, or why not. */
export type ObjectProof =
  | "proved"
  | "not-verified"
  | "target-lost"
  | "target-changed"
  | "target-damaged"
  /** The target did not answer. */
  | "unchecked";

/** What the record and the target's listing say together of one object. */
export function proveObject(object: ObjectRecord, listed: ListedObject | undefined): ObjectProof {
  if (object.state !== "verified") return "not-verified";
  if (listed === undefined) return "target-lost";
  return isOurCopy(listed, object) ? "proved" : "target-changed";
}

/** `proved`, or why not, of one reference. */
export type ReferenceProof =
  | "proved"
  | "still-at-source"
  | "unknown-object"
  | "not-verified"
  | "unreachable"
  | "wrong-size";

export interface ReferenceFacts {
  readonly side: "source" | "target";
  readonly object: Pick<ObjectRecord, "state" | "targetSize"> | undefined;
  /** What a plain GET of the URL answered; undefined when it was not asked. `size`: where the answer says it. */
  readonly answer: { readonly ok: boolean; readonly size: number | undefined } | undefined;
}

export function proveReference({ side, object, answer }: ReferenceFacts): ReferenceProof {
  if (side === "source") return "still-at-source";
  if (object === undefined) return "unknown-object";
  if (object.state !== "verified") return "not-verified";
  if (answer === undefined) return "proved";
  if (!answer.ok) return "unreachable";
  return answer.size === undefined || answer.size === object.targetSize ? "proved" : "wrong-size";
}
