import { HttpError } from "./http-error.ts";

/** Longest line with a size and its extensions, and longest trailer, in bytes. */
const LONGEST_LINE = 16 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/** The chunked transfer coding, taken apart as it comes: RFC 9112 §7.1. */
export class ChunkedDecoder {
  #state: "size" | "data" | "data-end" | "trailer" | "over" = "size";
  #left = 0;
  #line = "";
  #trailerBytes = 0;

  get isOver(): boolean {
    return this.#state === "over";
  }

  /**
   * Gives the bytes of the body to `onData`, as views of `bytes`, and says how many of `bytes` belong to this body.
   * @throws HttpError `HTTP_BAD_ANSWER`
   */
  take(bytes: Uint8Array, onData: (data: Uint8Array) => void): number {
    let at = 0;
    while (at < bytes.byteLength && this.#state !== "over") {
      if (this.#state === "data") {
        const end = Math.min(bytes.byteLength, at + this.#left);
        onData(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = "data-end";
        continue;
      }
      const feed = bytes.indexOf(LF, at);
      const end = feed === -1 ? bytes.byteLength : feed;
      this.#keep(bytes, at, end);
      at = end + 1;
      if (feed !== -1) this.#endLine();
    }
    return Math.min(at, bytes.byteLength);
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    this.#trailerBytes += this.#state === "trailer" ? end - start : 0;
    if (this.#line.length + end - start > LONGEST_LINE || this.#trailerBytes > LONGEST_LINE)
      throw bad("a line is too long");
    for (let at = start; at < end; at += 1) this.#line += String.fromCharCode(bytes[at] ?? 0);
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = "";
    if (line.charCodeAt(line.length - 1) !== CR) throw bad("a line ends without CR");
    const text = line.slice(0, -1);
    if (this.#state === "data-end") {
      if (text !== "") throw bad("a chunk is longer than it says");
      this.#state = "size";
    } else if (this.#state === "trailer") {
      if (text === "") this.#state = "over";
    } else {
      // What follows the size are extensions, which nobody has to understand.
      const [, digits = ""] = /^([\da-f]{1,13})[ \t]*(?:;.*)?$/i.exec(text) ?? [];
      if (digits === "") throw bad("a chunk has no size");
      this.#left = Number.parseInt(digits, 16);
      this.#state = this.#left === 0 ? "trailer" : "data";
    }
  }
}

function bad(why: string): HttpError {
  return new HttpError("HTTP_BAD_ANSWER", `the answer is not HTTP/1.1: ${why}`);
}
