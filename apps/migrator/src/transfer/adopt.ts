import type { Digests } from "../decide/compare-copies.ts";
import { actionFor } from "../decide/failure.ts";
import { compareAtTarget, headersThatDiffer } from "./compare-at-target.ts";
import { readDigests } from "./read-digests.ts";
import { SideFailure } from "./side-failure.ts";
import type { FoundObject, TransferContext, TransferOutcome } from "./transfer.ts";

/** Whether a put was refused because something is there that the plan did not know of. */
export function isUnexpectedAtTarget(error: unknown): boolean {
  return error instanceof SideFailure && actionFor(error.side, error.failure) === "compare";
}

/**
 * Something is at the target already: our own copy whose record was lost when a process was killed (L1), the same file put
 * there by somebody else, or another one. Equal bytes are adopted; anything else is left alone.
 */
export async function adoptOrRefuse(
  { object, info, carried }: FoundObject,
  digests: Digests,
  { route, signal }: TransferContext,
): Promise<TransferOutcome> {
  const compared = await compareAtTarget(route.target, object.targetKey, digests, signal);
  if (compared.verdict === "different") {
    return {
      kind: "occupied",
      message:
        `The target holds another object under this key (${compared.info.size} bytes, ` +
        `${compared.info.lastModified.toISOString()}), which is not a copy of ours. ` +
        "`bucketferry plan --overwrite-target` gives it up.",
    };
  }
  return {
    kind: "adopted",
    info,
    digests,
    targetEtag: compared.info.etag,
    targetSize: compared.info.size,
    evidence: compared.evidence,
    notCarried: headersThatDiffer(carried, compared.info),
  };
}

/** Reads the source for its hash alone, then looks at what the target has. */
export async function compareWithoutPut(transfer: FoundObject, context: TransferContext): Promise<TransferOutcome> {
  const { source } = context.route;
  const { bandwidth, signal } = context;
  const read = await readDigests("source", source, transfer.object.key, {
    signal,
    onBytes: (bytes) => bandwidth.pass(bytes, signal),
  });
  if (read.info.etag !== transfer.info.etag) return { kind: "changed", put: undefined };
  return adoptOrRefuse(transfer, read.digests, context);
}
