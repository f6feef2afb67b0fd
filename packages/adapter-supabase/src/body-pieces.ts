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

/**
 * Cuts a stream the same way. One piece is gathered in memory at a time, and given out when more bytes are there or the
 * stream has ended: so the stream's own errors about its length come before its last piece is sent.
 * Each piece has a buffer of its own, which the caller may keep.
 */
export async function* piecesOfStream(
  stream: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<BodyPiece, void, undefined> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (length === pieceBytes) {
        yield { bytes: joined(gathered, length), last: false };
        gathered = [];
        length = 0;
      }
      const part = rest.subarray(0, pieceBytes - length);
      // Streams may use the memory of a chunk again once the next one is asked for.
      gathered.push(part.slice());
      length += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  }
  yield { bytes: joined(gathered, length), last: true };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return Buffer.concat(parts, length);
}
