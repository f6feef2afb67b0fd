import type { UploadRecord } from "@bucketferry/ledger";
import {
  isStorageError,
  type MultipartUpload,
  type StorageProvider,
  type UploadedPart,
} from "@bucketferry/storage-core";
import { canBeUnanswered } from "../decide/resume-upload.ts";
import { at, attribute } from "./side-failure.ts";

/** Ends an upload on record, or the one that the target may have begun without our learning its id. Returns how many it ended. */
export async function endUpload(target: StorageProvider, record: UploadRecord, signal: AbortSignal): Promise<number> {
  const { targetKey, uploadId } = record;
  if (uploadId !== null) {
    await at("target", target.multipart.abort({ key: targetKey, uploadId }, { signal }));
    return 1;
  }
  let ended = 0;
  for (const upload of await at("target", Array.fromAsync(uploadsUnder(target, targetKey, signal)))) {
    const parts = await partsAtTarget(target, upload, signal);
    if (parts === undefined || !canBeUnanswered(record, upload, parts)) continue;
    await at("target", target.multipart.abort(upload, { signal }));
    ended++;
  }
  return ended;
}

/** What the target holds of an upload; undefined when there is no such upload any more. */
export async function partsAtTarget(
  target: StorageProvider,
  upload: MultipartUpload,
  signal: AbortSignal,
): Promise<readonly UploadedPart[] | undefined> {
  try {
    return await target.multipart.listParts(upload, { signal });
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw attribute("target", error);
  }
}

async function* uploadsUnder(target: StorageProvider, key: string, signal: AbortSignal) {
  for await (const upload of target.multipart.list({ prefix: key, signal })) if (upload.key === key) yield upload;
}
