import type { ObjectInfo } from "@bucketferry/storage-core";
import { Problem } from "../problem/problem.ts";
import type { RequestVariables, Service } from "../service.ts";
import { claimObject } from "../uploads/stored-object.ts";
import { attachUpload } from "../uploads/upload-purpose.ts";
import { checkContent } from "./check-content.ts";
import { uploadDocument, type UploadDocument } from "./upload-document.ts";
import { dropUpload, findUpload, markComplete, type UploadRow } from "./upload-store.ts";

/**
 * Ends an upload: the content is looked at, and in one transaction the upload is complete, its object needed, and the row it
 * was made for written. Completing what is complete answers the same again.
 *
 * @throws Problem NotFound, Expired, Conflict, ContentMismatch
 */
export async function completeUpload(
  service: Service,
  upload: UploadRow,
  { idempotent, signal }: { readonly idempotent: RequestVariables["idempotent"]; readonly signal: AbortSignal },
): Promise<UploadDocument> {
  const { db, background } = service;
  if (upload.state === "complete") return uploadDocument(service, upload);
  if (Date.parse(upload.expires_at) < Date.now()) throw new Problem("Expired", "The upload was not completed in time.");
  let info: ObjectInfo;
  try {
    info = await checkContent(service, upload, signal);
  } catch (error) {
    // What came is not what was agreed: it is of no use to anybody.
    if (error instanceof Problem && error.code === "ContentMismatch") await dropUpload(db, upload);
    throw error;
  }
  const document = await db.transaction().execute(async (transaction) => {
    if (!(await markComplete(transaction, upload.id))) {
      const now = await findUpload(transaction, upload.id);
      if (now?.state === "complete") return uploadDocument(service, now);
      throw new Problem("Expired", "The upload was ended meanwhile.");
    }
    await claimObject(transaction, upload.object_key);
    await attachUpload(service, transaction, upload, { key: upload.object_key, size: info.size, etag: info.etag });
    const completed = uploadDocument(service, { ...upload, state: "complete" });
    await idempotent?.remember(transaction, { status: 200, body: completed });
    return completed;
  });
  background.wake();
  return document;
}
