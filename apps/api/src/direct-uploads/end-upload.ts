import type { Service } from "../service.ts";
import { deleteOpen, type UploadRow } from "./upload-store.ts";

/**
 * Ends a direct upload before its time. What has come is deleted now, and what may still come by a signed request, which nobody
 * can take back, by the note that was made when the upload was announced.
 */
export async function endUpload(service: Service, upload: UploadRow): Promise<void> {
  if (await deleteOpen(service.db, upload.id)) await deleteIncoming(service, upload);
}

/** What came in is needed no more. That it cannot be deleted now is no failure: its note is still there. */
export async function deleteIncoming({ storage, log }: Service, upload: UploadRow): Promise<void> {
  await storage.delete(upload.object_key).catch((error: unknown) => {
    log.warn({ key: upload.object_key, err: error }, "an object could not be deleted yet");
  });
}
