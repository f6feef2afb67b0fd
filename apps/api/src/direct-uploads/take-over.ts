import type { Service } from "../service.ts";
import { checkSize, nothingYet } from "./check-content.ts";
import { isSigned } from "./upload-request.ts";
import type { UploadRow } from "./upload-store.ts";

/**
 * Copies what has come to a key that nobody but this service can write, within storage. A signed request works until it
 * expires, as often as one likes: so what is looked at, and given to a row, is the copy.
 *
 * @throws Problem Conflict while nothing is there, ContentMismatch
 */
export async function takeOver(service: Service, upload: UploadRow, key: string, signal: AbortSignal): Promise<void> {
  const { storage } = service;
  // Of the copy it is asked again; here, so that nothing larger than agreed is copied.
  await checkSize(service, upload, upload.object_key, signal);
  // A signature does not say which headers must not be sent, so what came may have more of them than were agreed.
  const replace = isSigned(storage) ? { replace: { contentType: upload.content_type } } : {};
  await storage.copy(upload.object_key, key, { ...replace, signal }).catch(nothingYet);
}
