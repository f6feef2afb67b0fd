/** A piece of a body; `last` is known before it is sent, also when nobody knows the length of the whole. */
export interface BodyPiece {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** Cuts bytes at every `pieceBytes`, without copying. Always at least one piece. */
export function* piecesOfBytes(bytes: Uint8Array, pieceBytes: number): Generator<BodyPiece, void, undefined> {
  let offset = 0;
  do {
    const piece = bytes.subarray(offset, offset + pieceBytes);
    offset += piece.byteLength;
    yield { bytes: piece, last: offset >= bytes.byteLength };
  } while (offset < bytes.byteLength);
}

/** Most bodies that come without a length are small; the memory grows with what really comes. */
const FIRST_MEMORY_BYTES = 64 * 1024;

/**
 * Cuts a stream the same way. One piece is gathered in memory at a time, and given out when more bytes are there or the
 * stream has ended: so the stream's own errors about its length come before its last piece is sent.
 * All pieces lie in the same memory: each is valid until the next one is asked for.
 */
export async function* piecesOfStream(
  stream: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<BodyPiece, void, undefined> {
  let memory = new Uint8Array(Math.min(pieceBytes, FIRST_MEMORY_BYTES));
  let length = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (length === pieceBytes) {
        yield { bytes: memory, last: false };
        length = 0;
      }
      const part = rest.subarray(0, pieceBytes - length);
      if (length + part.byteLength > memory.byteLength) memory = grown(memory, length, part.byteLength, pieceBytes);
      // Streams may use the memory of a chunk again once the next one is asked for.
      memory.set(part, length);
      length += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  }
  yield { bytes: memory.subarray(0, length), last: true };
}

function grown(memory: Uint8Array, filled: number, moreBytes: number, mostBytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(mostBytes, Math.max(memory.byteLength * 2, filled + moreBytes)));
  larger.set(memory.subarray(0, filled));
  return larger;
}
