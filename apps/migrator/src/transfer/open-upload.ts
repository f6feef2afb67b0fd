import type { UploadPartRecord, UploadRecord, UploadWithParts } from "@bucketferry/ledger";
import type { MultipartUpload } from "@bucketferry/storage-core";
import { isOfVersion, partsToKeep } from "../decide/resume-upload.ts";
import { killPoint } from "../references/kill-point.ts";
import { endUpload, partsAtTarget } from "./end-upload.ts";
import { at } from "./side-failure.ts";
import { headersOf, type FoundObject, type TransferContext } from "./transfer.ts";

/** An upload that parts can be sent to. */
export interface OpenUpload extends MultipartUpload {
  /** Parts of an earlier process, or attempt, that the target still has; by number. */
  readonly kept: ReadonlyMap<number, UploadPartRecord>;
}

/**
 * Goes on with the upload that is on record for this version of the object, or ends that and begins another. The ledger
 * knows of an upload before the target does: first that one is asked for, then its id, and only then is a part sent. So
 * whatever a killed process leaves behind can be found again.
 */
export async function openUpload(
  transfer: FoundObject,
  partSizeBytes: number,
  remembered: UploadWithParts | undefined,
  context: TransferContext,
): Promise<OpenUpload> {
  const { target } = context.route;
  const { object, info } = transfer;
  if (remembered !== undefined) {
    const upload = await goOn(transfer, remembered, context);
    if (upload !== undefined) return upload;
  }
  const record: UploadRecord = {
    route: context.route.name,
    key: object.key,
    uploadId: null,
    targetKey: object.targetKey,
    sourceEtag: info.etag,
    size: info.size,
    partSizeBytes,
    startedAt: Date.now(),
  };
  await context.uploads.start(record);
  killPoint("upload:before-create");
  // Not to be interrupted: an upload whose id is lost on the way has to be looked for.
  const { uploadId } = await at("target", target.multipart.create(object.targetKey, headersOf(transfer.carried)));
  killPoint("upload:created");
  await context.uploads.start({ ...record, uploadId });
  killPoint("upload:recorded");
  return { key: object.targetKey, uploadId, kept: new Map() };
}

async function goOn(
  { object, info }: FoundObject,
  remembered: UploadWithParts,
  { route: { target }, uploads, signal }: TransferContext,
): Promise<OpenUpload | undefined> {
  if (isOfVersion(remembered, info, object.targetKey)) {
    const upload = { key: object.targetKey, uploadId: remembered.uploadId };
    const parts = await partsAtTarget(target, upload, signal);
    if (parts !== undefined) return { ...upload, kept: partsToKeep(remembered.parts, parts) };
  }
  await endUpload(target, remembered, signal);
  await uploads.forget(remembered.route, remembered.key);
  return undefined;
}
