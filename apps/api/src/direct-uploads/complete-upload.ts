import { Problem } from "../problem/problem.ts";
import type { RequestVariables, Service } from "../service.ts";
import { claimObject, noteUnneeded, UNCLAIMED_MS } from "../uploads/stored-object.ts";
import { attachUpload, newKeyFor } from "../uploads/upload-purpose.ts";
import { checkContent } from "./check-content.ts";
import { deleteIncoming, endUpload } from "./end-upload.ts";
import { takeOver } from "./take-over.ts";
import { uploadDocument, type UploadDocument } from "./upload-document.ts";
import { findUpload, markComplete, type UploadRow } from "./upload-store.ts";

interface CompleteOptions {
  readonly idempotent: RequestVariables["idempotent"];
  readonly signal: AbortSignal;
}

/**
 * Ends an upload: what came is copied to a key of its own and looked at there, and in one transaction the upload is complete, its
 * object needed, and the row it was made for written. Each attempt has a key of its own, so that of two at once neither changes
 * what the other has looked at. Completing what is complete answers the same again.
 *
 * @throws Problem NotFound, Expired, Conflict, ContentMismatch
 */
export async function completeUpload(
  service: Service,
  upload: UploadRow,
  options: CompleteOptions,
): Promise<UploadDocument> {
  if (upload.state === "complete") return uploadDocument(service, upload);
  if (Date.parse(upload.expires_at) < Date.now()) throw new Problem("Expired", "The upload was not completed in time.");
  const key = newKeyFor({
    purpose: upload.purpose,
    subjectId: upload.subject_id,
    contentType: upload.content_type,
    name: upload.object_key.slice(upload.object_key.lastIndexOf("/") + 1),
  });
  const { db, background } = service;
  await noteUnneeded(db, key, new Date(Date.now() + UNCLAIMED_MS));
  try {
    const completed = await give(service, upload, key, options);
    if (completed === undefined) throw new Problem("Expired", "The upload was ended meanwhile.");
    await deleteIncoming(service, upload);
    return completed;
  } catch (error) {
    await noteUnneeded(db, key, new Date()).catch(() => undefined);
    const now = await findUpload(db, upload.id);
    // Another request for it was faster; what it came for is done.
    if (now?.state === "complete") return uploadDocument(service, now);
    // What came is not what was agreed: it is of no use to anybody.
    if (error instanceof Problem && error.code === "ContentMismatch") await endUpload(service, upload);
    throw error;
  } finally {
    background.wake();
  }
}

/** Undefined when the upload is open no more. */
async function give(
  service: Service,
  upload: UploadRow,
  key: string,
  { idempotent, signal }: CompleteOptions,
): Promise<UploadDocument | undefined> {
  await takeOver(service, upload, key, signal);
  const { size, etag } = await checkContent(service, upload, key, signal);
  return service.db.transaction().execute(async (transaction) => {
    if (!(await markComplete(transaction, upload.id, key))) return undefined;
    await claimObject(transaction, key);
    await attachUpload(service, transaction, upload, { key, size, etag });
    const completed = uploadDocument(service, { ...upload, state: "complete", object_key: key });
    await idempotent?.remember(transaction, { status: 200, body: completed });
    return completed;
  });
}
