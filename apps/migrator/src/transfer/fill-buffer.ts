import type { GetResult } from "@bucketferry/storage-core";
import type { Side } from "../decide/failure.ts";
import { bodyBytesPassed } from "./body-garbage.ts";
import { attribute } from "./side-failure.ts";

/**
 * Reads a body into a buffer of its length. Pieces that a provider has put there itself are not copied again; each is shown to
 * `onPiece` while it is still in the processor's cache.
 * @throws SideFailure
 */
export async function fillBuffer(
  side: Side,
  buffer: Uint8Array,
  opened: GetResult,
  onPiece?: (piece: Uint8Array) => void,
): Promise<void> {
  let filled = 0;
  try {
    for await (const chunk of opened) {
      const isThere = chunk.buffer === buffer.buffer && chunk.byteOffset === buffer.byteOffset + filled;
      if (!isThere) buffer.set(chunk, filled);
      filled += chunk.byteLength;
      onPiece?.(chunk);
      bodyBytesPassed(chunk.byteLength);
    }
  } catch (error) {
    throw attribute(side, error);
  }
}
