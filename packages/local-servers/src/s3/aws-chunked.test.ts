import { describe, expect, it } from "vitest";
import type { ChunkSigning } from "./authentication.ts";
import { type ChunkedRules, decodeChunked } from "./aws-chunked.ts";
import { parseCredential, signer } from "./signature.ts";

const SCOPE = parseCredential("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
if (SCOPE === undefined) throw new Error("a scope");

// The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html: 65 KiB of "a" in two chunks.
const SIGNING: ChunkSigning = {
  sign: signer("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SCOPE),
  amzDate: "20130524T000000Z",
  scope: SCOPE.text,
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};
const FIRST = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648";
const SECOND = "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497";
const LAST = "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9";
const SIGNED = [
  `10000;chunk-signature=${FIRST}\r\n${"a".repeat(65_536)}\r\n`,
  `400;chunk-signature=${SECOND}\r\n${"a".repeat(1024)}\r\n`,
  `0;chunk-signature=${LAST}\r\n\r\n`,
].join("");

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function decode(text: string, rules: Partial<ChunkedRules> = {}, pieceSize = text.length) {
  const trailers: string[] = [];
  const chunks: Uint8Array[] = [];
  const decoded = decodeChunked(
    inPieces(text, Math.max(pieceSize, 1)),
    { signing: undefined, trailer: undefined, ...rules },
    (name, value) => trailers.push(`${name}=${value}`),
  );
  for await (const chunk of decoded) chunks.push(chunk);
  return { body: Buffer.concat(chunks).toString("latin1"), trailers };
}

const refusedWith = (code: string): Error => expect.objectContaining({ code }) as Error;

describe("a body in signed chunks", () => {
  it("of AWS's documentation is good, however it is cut into pieces", async () => {
    for (const pieceSize of [SIGNED.length, 1000, 7]) {
      expect((await decode(SIGNED, { signing: SIGNING }, pieceSize)).body).toBe("a".repeat(66_560));
    }
  });

  it.each([
    ["a byte of it", SIGNED.replace("\r\naaa", "\r\naba")],
    ["a chunk's signature", SIGNED.replace(SECOND, FIRST)],
    ["the last chunk's signature", SIGNED.replace(LAST, SECOND)],
    ["the order of chunks", SIGNED.replace(FIRST, SECOND)],
  ])("is refused when %s was changed", async (_, text) => {
    await expect(decode(text, { signing: SIGNING })).rejects.toThrow(refusedWith("SignatureDoesNotMatch"));
  });

  it("is refused without signatures", async () => {
    await expect(decode("0\r\n\r\n", { signing: SIGNING })).rejects.toThrow(refusedWith("SignatureDoesNotMatch"));
  });
});

describe("a body in unsigned chunks with a trailer", () => {
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const trailer = "x-amz-checksum-crc32";
  const end = `0\r\n${trailer}:AAAAAA==\r\n\r\n`;

  it("gives content and trailer, cut anywhere", async () => {
    const text = chunk("x".repeat(8192)) + chunk("line\r\nline") + end;
    for (let pieceSize = 1; pieceSize < 40; pieceSize += 3) {
      const { body, trailers } = await decode(text, { trailer }, pieceSize);
      expect(body).toBe(`${"x".repeat(8192)}line\r\nline`);
      expect(trailers).toEqual([`${trailer}=AAAAAA==`]);
    }
  });

  it("may be empty, and may leave the last line end out", async () => {
    expect((await decode(end, { trailer })).body).toBe("");
    expect((await decode(end.slice(0, -2), { trailer })).trailers).toHaveLength(1);
  });

  it.each([
    ["a chunk under 8 KiB that is not the last", chunk("small") + chunk("more") + end, "InvalidChunkSizeError"],
    ["no trailer", `${chunk("x")}0\r\n\r\n`, "MalformedTrailerError"],
    ["a trailer that was not announced", chunk("x") + end.replace("crc32", "sha1"), "MalformedTrailerError"],
    ["no framing at all", "just some bytes\r\n", "IncompleteBody"],
    ["an end in mid-chunk", `${(100).toString(16)}\r\nshort`, "IncompleteBody"],
    ["a chunk longer than it says", "1\r\nxx\r\n0\r\n\r\n", "IncompleteBody"],
    ["no end", chunk("x"), "IncompleteBody"],
    ["a line without end", "1".repeat(10_000), "IncompleteBody"],
  ])("is refused with %s", async (_, text, code) => {
    await expect(decode(text, { trailer }, 1000)).rejects.toThrow(refusedWith(code));
  });
});
