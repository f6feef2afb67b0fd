import { isStorageError } from "@bucketferry/storage-core";
import type { Service } from "../service.ts";

/**
 * Gives back what uploads in parts of a key have left that nobody goes on with. A process that is killed in the middle of one leaves
 * its parts: no object, nothing that is listed, and a bill
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html).
 */
export async function dropParts(
  { storage: { capabilities, multipart }, log }: Pick<Service, "storage" | "log">,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  if (capabilities.multipart === false) return;
  try {
    for await (const upload of multipart.list({ prefix: key, signal })) {
      if (upload.key === key) await multipart.abort(upload, { signal });
    }
  } catch (error) {
    // Asking again would not help.
    if (!isStorageError(error, "PermissionDenied")) throw error;
    log.warn({ key, err: error }, "whether parts of an upload are left cannot be seen");
  }
}
