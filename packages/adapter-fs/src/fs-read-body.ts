import type { FileHandle } from "node:fs/promises";
import type { DriverBody } from "@bucketferry/storage-core/provider";

const CHUNK_BYTES = 256 * 1024;

/** The bytes of a range of an open file. The file is closed when they were read or given up. */
export function readBody(file: FileHandle, range: { readonly offset: number; readonly length: number }): DriverBody {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        let { offset, length } = range;
        while (length > 0) {
          const chunk = await readAt(file, offset, Math.min(length, CHUNK_BYTES));
          // Somebody cut the file short; the kit counts, and says so.
          if (chunk.byteLength === 0) return;
          offset += chunk.byteLength;
          length -= chunk.byteLength;
          yield chunk;
        }
      } finally {
        await file.close();
      }
    },
    async bytes() {
      try {
        return await readAt(file, range.offset, range.length);
      } finally {
        await file.close();
      }
    },
    cancel: () => file.close(),
  };
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
