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
  for (const upload of await uploadsUnder(target, targetKey, signal)) {
    const parts = await partsAtTarget(target, upload, signal);
    if (parts === undefined || !canBeUnanswered(record, upload, parts)) continue;
    await at("target", target.multipart.abort(upload, { signal }));
    ended++;
  }
  return ended;
}

/** What the target holds of an upload; undefined when there is no such upload any more, or the target cannot tell. */
export async function partsAtTarget(
  target: StorageProvider,
  upload: MultipartUpload,
  signal: AbortSignal,
): Promise<readonly UploadedPart[] | undefined> {
  try {
    return await target.multipart.listParts(upload, { signal });
  } catch (error) {
    if (isStorageError(error, "NotFound", "Unsupported")) return undefined;
    throw attribute("target", error);
  }
}

/** None where the target cannot list them: what nobody can find does not hold up the copy. */
async function uploadsUnder(target: StorageProvider, key: string, signal: AbortSignal) {
  const found: MultipartUpload[] = [];
  try {
    for await (const upload of target.multipart.list({ prefix: key, signal }))
      if (upload.key === key) found.push(upload);
  } catch (error) {
    if (!isStorageError(error, "Unsupported")) throw attribute("target", error);
  }
  return found;
}
