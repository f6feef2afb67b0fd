import { byteBudget } from "./byte-budget.ts";

/** A stretch of memory that somebody holds for a while. */
export interface PartBuffer {
  readonly bytes: Uint8Array;
  /** Gives it back: from then on its bytes are somebody else's. Again is no error. */
  release(): void;
}

/** Memory for the parts of large objects, shared by all transfers and bounded. */
export interface PartBuffers {
  /** Largest part that is held in memory; a larger one has to flow. */
  readonly largestBytes: number;
  /** Resolves when there is room, in the order of asking. */
  take(bytes: number, signal: AbortSignal): Promise<PartBuffer>;
}

/** Four parts of 8 MiB: one arrives while another is compared, twice. */
const MEMORY_BYTES = 32 * 1024 * 1024;
/** With fewer parts than this in memory, reading and sending would wait for each other. */
const LEAST_PARTS = 2;

/**
 * Buffers are used again and again: a fresh one of several megabytes costs a page fault for every four kilobytes, and the
 * garbage collector is slow to notice that one is free. All parts of a run have the same few sizes, so the newest free buffer
 * nearly always fits.
 */
export function partBuffers(memoryBytes: number = MEMORY_BYTES): PartBuffers {
  const budget = byteBudget(memoryBytes);
  const free: Uint8Array<ArrayBuffer>[] = [];
  let freeBytes = 0;

  const reuse = (bytes: number): Uint8Array<ArrayBuffer> => {
    const index = free.findLastIndex((buffer) => buffer.byteLength >= bytes);
    if (index === -1) return Buffer.allocUnsafeSlow(bytes);
    const [buffer] = free.splice(index, 1);
    if (buffer === undefined) return Buffer.allocUnsafeSlow(bytes);
    freeBytes -= buffer.byteLength;
    return buffer;
  };

  return {
    largestBytes: Math.floor(memoryBytes / LEAST_PARTS),
    async take(bytes, signal) {
      const giveBack = await budget.take(bytes, signal);
      const buffer = reuse(bytes);
      let held = true;
      return {
        bytes: buffer.subarray(0, bytes),
        release() {
          if (!held) return;
          held = false;
          if (freeBytes + buffer.byteLength <= memoryBytes) {
            free.push(buffer);
            freeBytes += buffer.byteLength;
          }
          giveBack();
        },
      };
    },
  };
}
