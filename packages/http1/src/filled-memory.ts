import type { BodySink, BodySource } from "./exchange.ts";
import { HttpError } from "./http-error.ts";

/** Bytes that are handed out together: many steps through a reader's layers cost more than the bytes in them. */
const PIECE_BYTES = 256 * 1024;
/** A slow body shows that it lives at least so often. */
const PIECE_MS = 1_000;

/**
 * A body that is written into the caller's memory while it comes, and read from there. Nobody holds a piece of it elsewhere: it
 * is all of a body's way that costs time for each piece, so a gibibyte takes half a second of CPU time less than through a
 * stream.
 */
export class FilledMemory implements BodySink {
  readonly #source: BodySource;
  readonly #memory: Uint8Array;
  #filled = 0;
  #given = 0;
  #givenAtMs = performance.now();
  #over: { readonly error: unknown } | "ended" | undefined;
  #wake: (() => void) | undefined;

  constructor(source: BodySource, memory: Uint8Array) {
    this.#source = source;
    this.#memory = memory;
  }

  push(view: Uint8Array): void {
    // Given up: the memory belongs to somebody else by then.
    if (this.#over !== undefined) return;
    if (this.#filled + view.byteLength > this.#memory.byteLength) {
      this.fail(new HttpError("HTTP_ANSWER_TOO_LONG", "the body is longer than it was announced"));
      this.#source.abandon();
      return;
    }
    this.#memory.set(view, this.#filled);
    this.#filled += view.byteLength;
    if (this.#wake !== undefined && this.#isPiece()) this.#wake();
  }

  end(): void {
    this.#finish("ended");
  }

  fail(error: unknown): void {
    this.#finish({ error });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (;;) {
        while (this.#over === undefined && !this.#isPiece()) await this.#change();
        if (this.#over !== undefined && this.#over !== "ended") throw this.#over.error;
        if (this.#filled > this.#given) {
          const piece = this.#memory.subarray(this.#given, this.#filled);
          this.#given = this.#filled;
          this.#givenAtMs = performance.now();
          yield piece;
        } else if (this.#over === "ended") return;
      }
    } finally {
      // Whoever stops reading leaves no connection behind.
      await this.discard();
    }
  }

  async bytes(): Promise<Uint8Array> {
    while (this.#over === undefined) await this.#change();
    if (this.#over !== "ended") throw this.#over.error;
    return this.#memory.subarray(0, this.#filled);
  }

  async discard(): Promise<void> {
    if (this.#over !== undefined) return;
    this.fail(new DOMException("The body was given up.", "AbortError"));
    this.#source.abandon();
  }

  #isPiece(): boolean {
    const waiting = this.#filled - this.#given;
    return waiting >= PIECE_BYTES || (waiting > 0 && performance.now() - this.#givenAtMs >= PIECE_MS);
  }

  #finish(how: { readonly error: unknown } | "ended"): void {
    this.#over ??= how;
    this.#wake?.();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
