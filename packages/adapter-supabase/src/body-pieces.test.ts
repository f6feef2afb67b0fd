import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { piecesOfBytes, piecesOfStream, type BodyPiece } from "./body-pieces.ts";

const chunks = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 });
const pieceBytes = fc.integer({ min: 1, max: 16 });

async function* streamOf(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function collected(pieces: AsyncIterable<BodyPiece> | Iterable<BodyPiece>): Promise<BodyPiece[]> {
  const all: BodyPiece[] = [];
  // A piece of a stream is valid until the next one is asked for.
  for await (const { bytes, last } of pieces) all.push({ bytes: bytes.slice(), last });
  return all;
}

describe("pieces of a body", () => {
  it("are the whole body in equal pieces, and only the last one says that it is the last", async () => {
    await fc.assert(
      fc.asyncProperty(chunks, pieceBytes, async (parts, size) => {
        const whole = Buffer.concat(parts);
        for (const pieces of [piecesOfStream(streamOf(parts), size), piecesOfBytes(whole, size)]) {
          const cut = await collected(pieces);
          expect(Buffer.concat(cut.map(({ bytes }) => bytes)).equals(whole)).toBe(true);
          expect(cut.map(({ last }) => last)).toEqual(cut.map((_, index) => index === cut.length - 1));
          expect(cut.slice(0, -1).every(({ bytes }) => bytes.byteLength === size)).toBe(true);
          const end = cut.at(-1)?.bytes.byteLength ?? -1;
          expect((end > 0 || whole.byteLength === 0) && end <= size).toBe(true);
        }
      }),
    );
  });

  it("of a stream hold bytes of their own, also when the stream uses its buffer again", async () => {
    const buffer = new Uint8Array(3);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      for (const value of [1, 2, 3]) yield buffer.fill(value);
    }
    const pieces = await collected(piecesOfStream(reusing(), 100));
    expect([...(pieces[0]?.bytes ?? [])]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  it("of a stream take no more memory than one piece, and a small body takes little", async () => {
    const memories = new Set<ArrayBufferLike>();
    const chunksOf = (count: number) => streamOf(Array.from({ length: count }, () => new Uint8Array(50_000)));
    for await (const { bytes } of piecesOfStream(chunksOf(100), 1_000_000)) memories.add(bytes.buffer);
    expect([...memories].map(({ byteLength }) => byteLength)).toEqual([1_000_000]);
    for await (const { bytes } of piecesOfStream(chunksOf(1), 1_000_000)) {
      expect([bytes.byteLength, bytes.buffer.byteLength]).toEqual([50_000, 64 * 1024]);
    }
  });

  it("do not say which is the last before the stream has ended, so its error comes first", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(4);
      throw new Error("the source broke");
    }
    await expect(collected(piecesOfStream(failing(), 4))).rejects.toThrow("the source broke");
  });
});
