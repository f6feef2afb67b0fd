import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkedDecoder } from "../src/chunked-decoder.ts";

const ascii = new TextEncoder();

function decode(pieces: readonly Uint8Array[]): { data: Buffer; over: boolean; left: number } {
  const decoder = new ChunkedDecoder();
  const data: Uint8Array[] = [];
  let left = 0;
  for (const piece of pieces) left += piece.byteLength - decoder.take(piece, (view) => data.push(view.slice()));
  return { data: Buffer.concat(data), over: decoder.isOver, left };
}

describe("chunks", () => {
  it("are put together again, however they were cut on their way", () => {
    const body = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
    const cuts = fc.array(fc.nat(2_000), { maxLength: 20 });
    fc.assert(
      fc.property(body, cuts, fc.boolean(), (chunks, places, hasTrailer) => {
        const wire = Buffer.concat([
          ...chunks.flatMap((chunk) => [
            ascii.encode(`${chunk.byteLength.toString(16)};a="b"\r\n`),
            chunk,
            ascii.encode("\r\n"),
          ]),
          ascii.encode(hasTrailer ? "0\r\nx-checksum: 1\r\n\r\n" : "0\r\n\r\n"),
          ascii.encode("NEXT"),
        ]);
        const ends = [...places.filter((place) => place < wire.byteLength), wire.byteLength].sort((a, b) => a - b);
        const pieces = ends.map((end, i) => new Uint8Array(wire.subarray(ends[i - 1] ?? 0, end)));
        const { data, over, left } = decode(pieces);
        expect(over).toBe(true);
        expect(left).toBe(4);
        expect(data.equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });

  it.each([
    ["a size that is no number", "xyz\r\n"],
    ["a negative size", "-1\r\n"],
    ["an empty size", "\r\n"],
    ["a size beyond what can be counted", `${"f".repeat(17)}\r\n`],
    ["a line that ends without CR", "5\nhello\r\n"],
    ["a chunk that is longer than it says", "3\r\nhello\r\n0\r\n\r\n"],
    ["a line without end", `5;${"x".repeat(17 * 1024)}`],
    ["a trailer without end", `0\r\n${"x: y\r\n".repeat(4096)}`],
  ])("refuses %s", (_, wire) => {
    expect(() => decode([ascii.encode(wire)])).toThrow(expect.objectContaining({ code: "HTTP_BAD_ANSWER" }));
  });

  it("are not over before the last one", () => {
    expect(decode([ascii.encode("5\r\nhello\r\n0\r\n")]).over).toBe(false);
  });
});
