import { partMemory, type PartMemory } from "./part-memory.ts";

export interface CutPart {
  readonly bytes: Uint8Array;
  /** Nothing follows. */
  readonly isLast: boolean;
}

const FIRST_ALLOCATION = 64 * 1024;

/**
 * A stream as parts of exact sizes, of which only the last is shorter. An empty stream has no parts. It holds one part and
 * one chunk, and reads on only when the next part is asked for.
 *
 * @param sizeOf size in bytes of the part with this number, counted from 1
 * @param length of the stream in bytes, where it is known: spares the copying of growing buffers
 * @param memory what parts lie in; whoever is done with one gives it back
 */
export async function* cutParts(
  stream: AsyncIterable<Uint8Array>,
  sizeOf: (partNumber: number) => number,
  length?: number,
  memory: PartMemory = partMemory(),
): AsyncGenerator<CutPart, undefined, undefined> {
  let partNumber = 1;
  let remaining = length ?? Infinity;
  let part = partBuffer(memory, sizeOf(partNumber), remaining);
  for await (let chunk of stream) {
    while (chunk.byteLength > 0) {
      // Only now is it known that something follows the part that is full.
      if (part.isFull()) {
        yield { bytes: part.bytes(), isLast: false };
        partNumber += 1;
        // A stream that filled one part may well fill another: growing again would leave as much garbage as it holds.
        part = partBuffer(memory, sizeOf(partNumber), Math.min(remaining, sizeOf(partNumber)));
      }
      const taken = part.fill(chunk);
      remaining -= taken;
      chunk = chunk.subarray(taken);
    }
  }
  const bytes = part.bytes();
  if (bytes.byteLength > 0) yield { bytes, isLast: true };
}

/** Grows by doubling, so that a short stream of unknown length does not take the memory of a whole part. */
function partBuffer(memory: PartMemory, size: number, expected: number) {
  let buffer = memory.take(Math.min(size, Number.isFinite(expected) ? Math.max(0, expected) : FIRST_ALLOCATION));
  let filled = 0;
  return {
    isFull: () => filled === size,
    bytes: (): Uint8Array => buffer.subarray(0, filled),
    /** Copies what fits and says how much that was. */
    fill(chunk: Uint8Array): number {
      const taken = Math.min(chunk.byteLength, size - filled);
      if (filled + taken > buffer.byteLength) {
        const larger = memory.take(Math.min(size, Math.max(filled + taken, buffer.byteLength * 2)));
        buffer.copy(larger, 0, 0, filled);
        buffer = larger;
      }
      buffer.set(taken === chunk.byteLength ? chunk : chunk.subarray(0, taken), filled);
      filled += taken;
      return taken;
    },
  };
}
