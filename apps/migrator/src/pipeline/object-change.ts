import { changeOf, type ObjectChange, type ObjectRecord } from "@bucketferry/ledger";
import type { TransferOutcome } from "../transfer/transfer.ts";

/** What the ledger has to remember of a transfer that came to an end. */
export function changeAfter(
  object: ObjectRecord,
  outcome: Exclude<TransferOutcome, { readonly kind: "changed" }>,
  attempts: number,
): ObjectChange {
  switch (outcome.kind) {
    case "vanished":
      return vanished(object, attempts);
    case "occupied":
      return failed(object, attempts, "TargetOccupied", outcome.message);
    case "copied":
    case "adopted": {
      const { info, digests } = outcome;
      return changeOf(object, {
        state: "copied",
        reason: outcome.kind === "adopted" ? "adopted" : null,
        size: info.size,
        // A listing and a GET may name different times for one version; the listing's is what the next plan compares with.
        lastModified: info.etag === object.etag ? object.lastModified : info.lastModified.getTime(),
        etag: info.etag,
        version: info.version ?? null,
        contentType: info.contentType ?? null,
        sha256: digests.sha256,
        targetEtag: outcome.targetEtag,
        targetSize: outcome.targetSize,
        evidence: outcome.evidence,
        notCarried: outcome.notCarried,
        attempts,
        errorCode: null,
        errorMessage: null,
      });
    }
  }
}

export function failed(object: ObjectRecord, attempts: number, code: string, message: string): ObjectChange {
  return changeOf(object, { state: "failed", attempts, errorCode: code, errorMessage: message });
}

export function vanished(object: ObjectRecord, attempts: number): ObjectChange {
  return changeOf(object, { state: "vanished", reason: "gone-from-source", attempts });
}
