import type { ByteSource } from "./byte-source.ts";
import { type Head, headerOf } from "./http-head.ts";

/** How the end of a body is known: RFC 9112 §6.3. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "untilClose" };

export function requestFraming(head: Head): Framing {
  const framing = declaredFraming(head);
  return framing.kind === "untilClose" ? { kind: "none" } : framing;
}

export function responseFraming(head: Head, method: string, status: number): Framing {
  if (method === "HEAD" || status === 204 || status === 304) return { kind: "none" };
  return declaredFraming(head);
}

function declaredFraming(head: Head): Framing {
  if (/\bchunked\b/i.test(headerOf(head, "transfer-encoding") ?? "")) return { kind: "chunked" };
  const length = headerOf(head, "content-length");
  return length === undefined ? { kind: "untilClose" } : { kind: "length", length: Number(length) };
}

/** A stretch of a body as it came: bytes of the content, or of the framing around it. */
export interface Piece {
  readonly bytes: Buffer;
  readonly isContent: boolean;
}

/** The body broke off before its end. */
class BrokenBody extends Error {
  override readonly name = "BrokenBody";
}

/** All bytes of a body in their order, so that passing them on changes nothing. Throws BrokenBody when it is cut short. */
export async function* bodyPieces(source: ByteSource, framing: Framing): AsyncGenerator<Piece, void, void> {
  switch (framing.kind) {
    case "none":
      return;
    case "length":
      yield* content(source, framing.length);
      return;
    case "untilClose":
      for (let bytes = await source.next(); bytes !== undefined; bytes = await source.next()) {
        yield { bytes, isContent: true };
      }
      return;
    case "chunked":
      for (;;) {
        const head = await line(source);
        yield { bytes: head, isContent: false };
        const size = Number.parseInt(head.toString("latin1"), 16);
        if (Number.isNaN(size)) throw new BrokenBody("A chunk has no size.");
        if (size === 0) break;
        yield* content(source, size);
        yield { bytes: await line(source), isContent: false };
      }
      // Trailers, up to the empty line.
      for (let trailer = await line(source); ; trailer = await line(source)) {
        yield { bytes: trailer, isContent: false };
        if (trailer.length === 2) return;
      }
  }
}

/** The content alone. */
export async function* bodyContent(source: ByteSource, framing: Framing): AsyncGenerator<Buffer, void, void> {
  for await (const piece of bodyPieces(source, framing)) if (piece.isContent) yield piece.bytes;
}

async function* content(source: ByteSource, length: number): AsyncGenerator<Piece, void, void> {
  for (let left = length; left > 0;) {
    const bytes = await source.next();
    if (bytes === undefined) throw new BrokenBody(`${left} bytes are missing.`);
    source.unread(bytes.subarray(left));
    const part = bytes.subarray(0, left);
    left -= part.length;
    yield { bytes: part, isContent: true };
  }
}

/** A line with its CRLF. */
async function line(source: ByteSource): Promise<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = held.indexOf("\r\n");
    if (end !== -1) {
      source.unread(held.subarray(end + 2));
      return held.subarray(0, end + 2);
    }
    const more = await source.next();
    if (more === undefined) throw new BrokenBody("The connection ended within a chunk.");
    held = Buffer.concat([held, more]);
  }
}
