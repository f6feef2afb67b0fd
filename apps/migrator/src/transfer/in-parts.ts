import type { UploadWithParts } from "@bucketferry/ledger";
import { isStorageError, StorageError, type PutResult, type StorageProvider } from "@bucketferry/storage-core";
import type { PartPlan } from "../decide/part-plan.ts";
import { killPoint } from "../references/kill-point.ts";
import { adoptOrRefuse, compareWithoutPut, isUnexpectedAtTarget } from "./adopt.ts";
import { compareAtTarget } from "./compare-at-target.ts";
import { isOccupied } from "./occupied.ts";
import { openUpload, type OpenUpload } from "./open-upload.ts";
import { sendParts, type SentParts } from "./send-parts.ts";
import { settle } from "./settle.ts";
import { at, SideFailure } from "./side-failure.ts";
import { conditionOf, type FoundObject, type TransferContext, type TransferOutcome } from "./transfer.ts";

/**
 * A large object: ranges of the source, all of one version, become parts of an upload. What the target has and the ledger
 * knows is not sent again by the next attempt or process. An upload stays when a later attempt can go on with it, and is
 * ended when its parts are of no use any more.
 */
export async function transferInParts(
  transfer: FoundObject,
  plan: PartPlan,
  remembered: UploadWithParts | undefined,
  context: TransferContext,
): Promise<TransferOutcome> {
  if (transfer.mode.mode === "compare" || (await isOccupied(transfer, context))) {
    return compareWithoutPut(transfer, context);
  }
  const upload = await openUpload(transfer, plan.partSizeBytes, remembered, context);
  let sent: SentParts;
  try {
    sent = await sendParts(transfer, upload, plan, context);
    await context.checkMd5(transfer.info, sent.digests);
  } catch (error) {
    const end = endOf(error);
    if (end === "resumable") throw error;
    await discard(transfer, upload, context);
    if (end === "changed") return { kind: "changed", put: undefined };
    throw end === "upload-lost" ? uploadLost(upload.key) : error;
  }
  return finish(transfer, upload, sent, context);
}

async function finish(
  transfer: FoundObject,
  upload: OpenUpload,
  { parts, digests, evidence }: SentParts,
  context: TransferContext,
): Promise<TransferOutcome> {
  const { info, mode, carried } = transfer;
  const { target } = context.route;
  if (!target.capabilities.conditionalMultipart.create && (await isOccupied(transfer, context))) {
    await discard(transfer, upload, context);
    return adoptOrRefuse(transfer, digests, context);
  }
  killPoint("upload:before-complete");
  let put: PutResult;
  try {
    put = await at(
      "target",
      target.multipart.complete(upload, parts, { ...conditionOf(mode), signal: context.signal }),
    );
  } catch (error) {
    if (isUnexpectedAtTarget(error)) {
      await discard(transfer, upload, context);
      return adoptOrRefuse(transfer, digests, context);
    }
    if (endOf(error) === "upload-lost") return afterLostAnswer(transfer, upload, digests, context);
    if (isSpent(error, target)) await discard(transfer, upload, context);
    throw error;
  }
  killPoint("upload:completed");
  await forget(transfer, context);
  killPoint("upload:forgotten");
  if (put.size !== info.size) {
    throw new SideFailure(
      "target",
      new StorageError("IncompleteBody", `The target made an object of ${put.size} bytes out of ${info.size}.`, {
        key: put.key,
      }),
    );
  }
  const source = await settle(transfer, put, context);
  if (source === "vanished") return { kind: "vanished" };
  if (source === "changed") return { kind: "changed", put };
  const { etag: targetEtag, size: targetSize } = put;
  return { kind: "copied", info, digests, targetEtag, targetSize, evidence, notCarried: carried.notCarried };
}

/** What a failure means for the upload. */
type UploadEnd =
  /** Its parts stay good for another attempt. */
  | "resumable"
  /** The source has another version, so the parts are of no use. */
  | "changed"
  /** What was read is not what the source stores, or the source has it no more. */
  | "useless"
  /** The target does not know the upload. */
  | "upload-lost";

function endOf(error: unknown): UploadEnd {
  if (!(error instanceof SideFailure)) return "resumable";
  const { side, failure } = error;
  if (side === "target") return isStorageError(failure, "NotFound") ? "upload-lost" : "resumable";
  if (isStorageError(failure, "PreconditionFailed")) return "changed";
  return isStorageError(failure, "NotFound", "ChecksumMismatch") ? "useless" : "resumable";
}

/**
 * A write under the same key came between. Where the completion has a condition, such an upload is not completed by asking again, but has
 * to be sent anew: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
function isSpent(error: unknown, { capabilities }: StorageProvider): boolean {
  return (
    capabilities.conditionalMultipart.create &&
    error instanceof SideFailure &&
    isStorageError(error.failure, "Conflict")
  );
}

/** The completion's answer was lost and asked for again, or somebody else has ended the upload: what is there tells. */
async function afterLostAnswer(
  transfer: FoundObject,
  upload: OpenUpload,
  digests: SentParts["digests"],
  context: TransferContext,
): Promise<TransferOutcome> {
  await forget(transfer, context);
  const compared = await compareAtTarget(context.route.target, upload.key, digests, context.signal).catch(
    (error: unknown) => {
      if (error instanceof SideFailure && isStorageError(error.failure, "NotFound")) return undefined;
      throw error;
    },
  );
  if (compared?.verdict !== "equal") throw uploadLost(upload.key);
  const { etag: targetEtag, size: targetSize } = compared.info;
  const put: PutResult = { key: upload.key, size: targetSize, etag: targetEtag };
  const source = await settle(transfer, put, context);
  if (source === "vanished") return { kind: "vanished" };
  if (source === "changed") return { kind: "changed", put };
  const { info, carried } = transfer;
  const { evidence } = compared;
  return { kind: "copied", info, digests, targetEtag, targetSize, evidence, notCarried: carried.notCarried };
}

function uploadLost(key: string): SideFailure {
  return new SideFailure(
    "target",
    new StorageError(
      "Unavailable",
      "The target does not know the upload any more; somebody or a lifecycle rule ended it.",
      {
        key,
        persistence: "temporary",
      },
    ),
  );
}

/** Ends the upload and forgets it. Where ending fails it stays on record, and is ended when the run is over. */
async function discard(transfer: FoundObject, upload: OpenUpload, context: TransferContext): Promise<void> {
  const { target } = context.route;
  const ended = await at("target", target.multipart.abort(upload)).then(
    () => true,
    () => false,
  );
  if (ended) await forget(transfer, context);
}

function forget({ object }: FoundObject, { route, uploads }: TransferContext): Promise<void> {
  return uploads.forget(route.name, object.key);
}
