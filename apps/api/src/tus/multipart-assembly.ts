import { isStorageError, type StorageProvider } from "@bucketferry/storage-core";
import type { AssembledObject, Assembly, AssemblyProgress } from "./assembly.ts";

/** What an upload holds in memory while it comes in. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** Pieces are parts of one upload in parts; what is too short for a part waits in an object beside it. */
export function multipartAssembly(storage: StorageProvider): Assembly {
  const limits = storage.capabilities.multipart;
  if (limits === false) throw new Error("The provider has no uploads in parts.");
  const { minPartBytes } = limits;
  const tailKey = ({ id }: AssembledObject, progress: AssemblyProgress): string => `tus/${id}/tail-${progress.pieces}`;

  const uploadOf = async (
    object: AssembledObject,
    progress: AssemblyProgress,
    signal: AbortSignal,
  ): Promise<{ readonly key: string; readonly uploadId: string }> => {
    if (progress.uploadId !== undefined) return { key: object.key, uploadId: progress.uploadId };
    return storage.multipart.create(object.key, { contentType: object.contentType, signal });
  };

  return {
    pieceBytes: Math.max(PIECE_BYTES, minPartBytes),
    async tail(object, progress, signal) {
      if (progress.tailBytes === 0) return new Uint8Array();
      const length = progress.tailBytes;
      return (await storage.get(tailKey(object, progress), { range: { offset: 0, length }, signal })).bytes();
    },
    async append(object, progress, bytes, { isLast, signal }) {
      const upload = await uploadOf(object, progress, signal);
      const { uploadId } = upload;
      if (!isLast && bytes.byteLength < minPartBytes) {
        await storage.put(tailKey(object, progress), bytes, { signal });
        return { ...progress, uploadId, tailBytes: bytes.byteLength };
      }
      const partNumber = progress.pieces + 1;
      try {
        await storage.multipart.uploadPart(upload, partNumber, bytes, { signal });
      } catch (error) {
        // The last part of an upload that was completed before its record was written: `finish` looks at the object.
        if (!isLast || !isStorageError(error, "NotFound")) throw error;
      }
      return { uploadId, pieces: partNumber, tailBytes: 0 };
    },
    async finish(object, progress, signal) {
      const { uploadId } = progress;
      if (uploadId === undefined) throw new Error("There is nothing to finish.");
      const upload = { key: object.key, uploadId };
      try {
        const parts = await storage.multipart.listParts(upload, { signal });
        await storage.multipart.complete(upload, parts.slice(0, progress.pieces), { signal });
      } catch (error) {
        if (!isStorageError(error, "NotFound")) throw error;
        // Completed before, by an attempt whose record was lost.
        await storage.head(object.key, { signal });
      }
    },
    async discard({ key }, { uploadId }) {
      if (uploadId !== undefined) await storage.multipart.abort({ key, uploadId });
    },
    sideKeys: (object, progress) => (progress.tailBytes === 0 ? [] : [tailKey(object, progress)]),
  };
}
