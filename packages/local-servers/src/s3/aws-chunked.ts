import { createHash } from "node:crypto";
import type { ChunkSigning } from "./authentication.ts";
import { S3Error } from "./s3-error.ts";
import { EMPTY_SHA256, equalSignatures } from "./signature.ts";

/** S3 takes smaller chunks only as the last one before the end. */
const MIN_CHUNK_BYTES = 8192;
const MAX_LINE_BYTES = 4096;

export interface ChunkedRules {
  /** Present: every chunk carries a signature, chained to the one before. */
  readonly signing: ChunkSigning | undefined;
  /** Name of the header that follows the last chunk, as `x-amz-trailer` announced it. */
  readonly trailer: string | undefined;
}

/**
 * Takes the aws-chunked framing off a body and yields the bytes in it. What the trailer says comes out of `onTrailer`
 * before the end.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  { signing, trailer }: ChunkedRules,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const input = new ByteInput(source);
  let previous = signing?.seed ?? "";
  let smallChunkSeen = false;

  for (;;) {
    const { size, signature } = parseChunkHead(await input.line());
    if (size > 0 && smallChunkSeen) throw new S3Error("InvalidChunkSizeError");
    smallChunkSeen = size < MIN_CHUNK_BYTES;

    const hash = signing && createHash("sha256");
    for await (const piece of input.exactly(size)) {
      hash?.update(piece);
      yield piece;
    }
    if (signing !== undefined && hash !== undefined) {
      const text = [
        "AWS4-HMAC-SHA256-PAYLOAD",
        signing.amzDate,
        signing.scope,
        previous,
        EMPTY_SHA256,
        hash.digest("hex"),
      ].join("\n");
      previous = checkChunk(signing, text, signature);
    }
    if (size === 0) break;
    if ((await input.line()) !== "") throw new S3Error("IncompleteBody");
  }

  const trailers = await readTrailers(input);
  const announced = trailer === undefined ? undefined : trailers.get(trailer);
  if (trailer !== undefined) {
    if (announced === undefined) throw new S3Error("MalformedTrailerError");
    if (signing !== undefined) {
      const hash = createHash("sha256").update(`${trailer}:${announced}\n`).digest("hex");
      const text = ["AWS4-HMAC-SHA256-TRAILER", signing.amzDate, signing.scope, previous, hash].join("\n");
      checkChunk(signing, text, trailers.get("x-amz-trailer-signature"));
    }
    onTrailer(trailer, announced);
  } else if (trailers.size > 0) {
    throw new S3Error("MalformedTrailerError");
  }
}

function parseChunkHead(line: string): { readonly size: number; readonly signature: string | undefined } {
  const match = /^([\da-fA-F]{1,12})(?:;chunk-signature=([\da-f]{64}))?$/.exec(line);
  if (match === null) throw new S3Error("IncompleteBody", { message: "The request body is not in aws-chunked form." });
  return { size: Number.parseInt(match[1] ?? "", 16), signature: match[2] };
}

function checkChunk(signing: ChunkSigning, text: string, signature: string | undefined): string {
  if (signature === undefined || !equalSignatures(signing.sign(text), signature)) {
    throw new S3Error("SignatureDoesNotMatch", { fields: { StringToSign: text } });
  }
  return signature;
}

/** Lines up to an empty one or the end of the body; some clients leave the empty one out. */
async function readTrailers(input: ByteInput): Promise<ReadonlyMap<string, string>> {
  const trailers = new Map<string, string>();
  for (let line = await input.lineOrEnd(); line !== undefined && line !== ""; line = await input.lineOrEnd()) {
    const colon = line.indexOf(":");
    if (colon === -1) throw new S3Error("MalformedTrailerError");
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return trailers;
}

/** Reads lines and counted bytes off a stream of chunks. */
class ByteInput {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const line = await this.lineOrEnd();
    if (line === undefined) throw new S3Error("IncompleteBody");
    return line;
  }

  /** A line without its CRLF; undefined at the end of the body. */
  async lineOrEnd(): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf("\r\n");
      if (end !== -1) {
        const line = this.#held.toString("latin1", 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      if (this.#held.length > MAX_LINE_BYTES) throw new S3Error("IncompleteBody");
      const more = await this.#more();
      if (more === undefined) {
        if (this.#held.length > 0) throw new S3Error("IncompleteBody");
        return undefined;
      }
      this.#held = Buffer.concat([this.#held, more]);
    }
  }

  async *exactly(size: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = size; left > 0;) {
      if (this.#held.length === 0) {
        const more = await this.#more();
        if (more === undefined) throw new S3Error("IncompleteBody");
        this.#held = more;
      }
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #more(): Promise<Buffer | undefined> {
    const { done, value } = await this.#source.next();
    return done === true ? undefined : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}
