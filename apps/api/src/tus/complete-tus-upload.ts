import { checkContent } from "../direct-uploads/check-content.ts";
import { dropUpload, findUpload, markComplete } from "../direct-uploads/upload-store.ts";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { dropParts } from "../uploads/drop-parts.ts";
import { claimObject, noteUnneeded } from "../uploads/stored-object.ts";
import { attachUpload } from "../uploads/upload-purpose.ts";
import { objectOf, progressOf, type ProviderStore } from "./provider-store.ts";

/**
 * Makes the object of its pieces, looks at it, and writes the row that it was uploaded for.
 * @throws Problem ContentMismatch, Conflict
 */
export async function completeTusUpload(
  service: Service,
  store: ProviderStore,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const { db, background, log } = service;
  const upload = await findUpload(db, id);
  if (upload === undefined) throw new Problem("NotFound", "There is no such upload.");
  if (upload.state === "complete") return;
  const object = objectOf(upload);
  const progress = progressOf(upload);
  await store.assembly.finish(object, progress, signal);
  try {
    const info = await checkContent(service, upload, upload.object_key, signal);
    await db.transaction().execute(async (transaction) => {
      if (!(await markComplete(transaction, id, upload.object_key)))
        throw new Problem("Conflict", "The upload was ended meanwhile.");
      await claimObject(transaction, upload.object_key);
      await attachUpload(service, transaction, upload, { key: upload.object_key, size: info.size, etag: info.etag });
      for (const key of store.assembly.sideKeys(object, progress)) await noteUnneeded(transaction, key, new Date());
    });
    // The first piece of an upload whose record was lost has begun another one.
    await dropParts(service, upload.object_key, signal).catch((error: unknown) =>
      log.warn({ key: upload.object_key, err: error }, "parts of an upload may be left"),
    );
  } catch (error) {
    if (error instanceof Problem && error.code === "ContentMismatch") await dropUpload(db, upload);
    throw error;
  } finally {
    background.wake();
  }
}
