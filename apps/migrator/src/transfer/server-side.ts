import type { WithinService } from "@bucketferry/config";
import type { Evidence } from "@bucketferry/ledger";
import { isStorageError, StorageError, type PutResult, type StorageErrorCode } from "@bucketferry/storage-core";
import type { Digests } from "../decide/compare-copies.ts";
import { reportedDigests, reportedMd5 } from "../decide/server-side.ts";
import { killPoint } from "../references/kill-point.ts";
import { adoptOrRefuse, compareWithoutPut } from "./adopt.ts";
import { compareAtTarget } from "./compare-at-target.ts";
import { isOccupied } from "./occupied.ts";
import { readDigests } from "./read-digests.ts";
import { serviceUpload } from "./service-upload.ts";
import { removeOurs, settle } from "./settle.ts";
import { at, SideFailure } from "./side-failure.ts";
import { conditionOf, headersOf, type FoundObject, type TransferContext, type TransferOutcome } from "./transfer.ts";

/** Refusals that say nothing about the ordinary way: copying may need permissions and abilities of its own. */
const GO_THE_ORDINARY_WAY: readonly StorageErrorCode[] = ["Unsupported", "TooLarge", "PermissionDenied"];

/**
 * The service copies by itself, from the version that was found here and with the headers that are carried. Its word that it
 * did is no evidence: source and target have to report the same checksum, or the copy is read and hashed.
 * Resolves with undefined when the service refuses copies of this kind.
 */
export async function transferServerSide(
  transfer: FoundObject,
  { bucket, wholeKey }: WithinService,
  context: TransferContext,
): Promise<TransferOutcome | undefined> {
  const { object, info, mode, carried } = transfer;
  const { target } = context.route;
  const condition = conditionOf(mode);
  const isUnconditional = Object.keys(condition).length === 0;
  if (mode.mode === "compare" || (isUnconditional && (await isOccupied(transfer, context)))) {
    return compareWithTarget(transfer, context);
  }
  const upload = serviceUpload(transfer, context);
  let put: PutResult;
  try {
    put = await at(
      "target",
      target.copy(wholeKey(object.key), object.targetKey, {
        fromBucket: bucket,
        replace: headersOf(carried),
        ...condition,
        ...(target.capabilities.conditionalCopy.source ? { sourceIfMatch: info.etag } : {}),
        onUpload: upload.onUpload,
        signal: context.signal,
      }),
    );
  } catch (error) {
    const ours = upload.failure();
    if (ours !== undefined) throw ours.error;
    return afterRefusal(error, transfer, context);
  }
  killPoint("server-side:copied");
  await upload.completed();
  const source = await settle(transfer, put, context);
  if (source === "vanished") return { kind: "vanished" };
  if (source === "changed") return { kind: "changed", put };
  const { digests, evidence } = await prove(transfer, put, context);
  const { etag: targetEtag, size: targetSize } = put;
  return { kind: "copied", info, digests, targetEtag, targetSize, evidence, notCarried: carried.notCarried };
}

/** One answer stands for both sides' conditions and for either side's object, so the source is asked which it was. */
async function afterRefusal(
  error: unknown,
  transfer: FoundObject,
  context: TransferContext,
): Promise<TransferOutcome | undefined> {
  if (!(error instanceof SideFailure)) throw error;
  const { failure } = error;
  if (isStorageError(failure, ...GO_THE_ORDINARY_WAY)) return undefined;
  if (!isStorageError(failure, "AlreadyExists", "PreconditionFailed", "NotFound")) throw error;
  const { object, info } = transfer;
  const now = await at("source", context.route.source.head(object.key, { signal: context.signal }));
  if (now.etag !== info.etag) return { kind: "changed", put: undefined };
  if (isStorageError(failure, "NotFound")) throw error;
  return compareWithTarget(transfer, context);
}

/** What is there may be our own copy of a run that was killed. */
async function compareWithTarget(transfer: FoundObject, context: TransferContext): Promise<TransferOutcome> {
  const reported = reportedDigests(transfer.info);
  if (reported === undefined) return compareWithoutPut(transfer, context);
  const outcome = await adoptOrRefuse(transfer, reported, context);
  return outcome.kind === "adopted" ? { ...outcome, evidence: evidenceOf(outcome.evidence) } : outcome;
}

/** Whatever the target reports was compared with what the source reports: no hash of ours is among them. */
function evidenceOf(compared: Evidence | null): Evidence {
  return compared === "read-back" ? "read-back" : "server-side-copy";
}

interface Proof {
  readonly digests: Digests;
  readonly evidence: Evidence;
}

/**
 * | the source reports | the target reports | what is read | evidence |
 * | --- | --- | --- | --- |
 * | SHA-256 | the same | nothing | server-side-copy |
 * | SHA-256 | nothing that can be compared | the target | read-back |
 * | MD5 | | the target, whose MD5 is it | read-back |
 * | what it calls an MD5 | | the target, whose MD5 is another, and the source | both-read |
 */
async function prove(transfer: FoundObject, put: PutResult, context: TransferContext): Promise<Proof> {
  const { object, info } = transfer;
  const { route, signal, bandwidth } = context;
  const reported = reportedDigests(info);
  if (reported !== undefined) {
    const compared = await compareAtTarget(route.target, object.targetKey, reported, signal);
    if (compared.verdict === "different") return refuseCopy(transfer, put, context);
    return { digests: reported, evidence: evidenceOf(compared.evidence) };
  }
  const options = { signal, md5: true, onBytes: (bytes: number) => bandwidth.pass(bytes, signal) };
  const { digests } = await readDigests("target", route.target, object.targetKey, options);
  if (digests.size === info.size && digests.md5 === reportedMd5(info)) return { digests, evidence: "read-back" };
  const { sha256 } = (await readDigests("source", route.source, object.key, options)).digests;
  if (digests.sha256 !== sha256) return refuseCopy(transfer, put, context);
  return { digests, evidence: "both-read" };
}

/** Wrong bytes under the right key would be taken for somebody else's object. */
async function refuseCopy(transfer: FoundObject, put: PutResult, context: TransferContext): Promise<never> {
  await removeOurs(transfer, put, context);
  throw new SideFailure(
    "target",
    new StorageError("ChecksumMismatch", "What the service copied is not what the source reports.", { key: put.key }),
  );
}
