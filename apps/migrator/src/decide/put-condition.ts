import type { ObjectRecord } from "@bucketferry/ledger";
import type { Capabilities } from "@bucketferry/storage-core";
import type { CopyReason } from "./plan-object.ts";

/** How the copier writes one object so that it never replaces what the plan did not know of. */
export type PutMode =
  /** Only where nothing is. */
  | { readonly mode: "create"; readonly ifNoneMatch: "*" | undefined }
  /** Only over our own earlier copy. */
  | { readonly mode: "replace"; readonly ifMatch: string | undefined }
  /** Not at all before what is there was compared. */
  | { readonly mode: "compare" }
  /** The user said so. */
  | { readonly mode: "overwrite" };

const MODES: Readonly<Record<CopyReason, PutMode["mode"]>> = {
  missing: "create",
  "target-lost": "create",
  "source-changed": "replace",
  "target-damaged": "replace",
  "unknown-at-target": "compare",
  "target-changed": "compare",
  overwrite: "overwrite",
};

/** `conditions`: those that the target has for the way the object goes. One that it lacks is left out here. */
export function putModeOf(
  object: Pick<ObjectRecord, "reason" | "targetEtag">,
  conditions: Capabilities["conditionalPut"],
): PutMode {
  const mode = isCopyReason(object.reason) ? MODES[object.reason] : "compare";
  if (mode === "create") return { mode, ifNoneMatch: conditions.create ? "*" : undefined };
  if (mode === "replace") {
    return { mode, ifMatch: conditions.replace && object.targetEtag !== null ? object.targetEtag : undefined };
  }
  return { mode };
}

function isCopyReason(reason: string | null): reason is CopyReason {
  return reason !== null && Object.hasOwn(MODES, reason);
}
