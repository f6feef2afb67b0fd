import type { StorageProvider } from "@bucketferry/storage-core";
import type { AssembledObject, Assembly, AssemblyProgress } from "./assembly.ts";

const PIECE_BYTES = 8 * 1024 * 1024;

/** Pieces are objects of their own, joined into the one when the last has come: for storage without uploads in parts. */
export function segmentAssembly(storage: StorageProvider): Assembly {
  const segmentKey = ({ id }: AssembledObject, index: number): string => `tus/${id}/${String(index).padStart(6, "0")}`;

  async function* joined(object: AssembledObject, progress: AssemblyProgress, signal: AbortSignal) {
    for (let index = 0; index < progress.pieces; index++) {
      yield* await storage.get(segmentKey(object, index), { signal });
    }
  }

  return {
    pieceBytes: PIECE_BYTES,
    tail: () => Promise.resolve(new Uint8Array()),
    async append(object, progress, bytes, { signal }) {
      await storage.put(segmentKey(object, progress.pieces), bytes, { signal });
      return { pieces: progress.pieces + 1, tailBytes: 0 };
    },
    async finish(object, progress, signal) {
      await storage.put(object.key, joined(object, progress, signal), {
        contentType: object.contentType,
        contentLength: object.sizeBytes,
        signal,
      });
    },
    discard: () => Promise.resolve(),
    sideKeys: (object, { pieces }) => Array.from({ length: pieces }, (_, index) => segmentKey(object, index)),
  };
}
