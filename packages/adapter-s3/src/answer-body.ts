import type { Dispatcher } from "undici";
import type { LaneBody } from "./s3-lane.ts";

/** More than this is not read only to keep a connection. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 1000;
/** So much may wait for its reader before the connection is held back. */
const READ_AHEAD_BYTES = 128 * 1024;

/** Who may hold a connection back and give it up. */
type Connection = Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">;

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };
const given = (): DOMException => new DOMException("The body was given up.", "AbortError");

/**
 * The body of one answer, fed by undici's dispatcher: a stream object for each answer would cost as much as the rest of a small
 * request. It is read once, in pieces or as a whole, or it is discarded.
 */
export class AnswerBody implements LaneBody {
  readonly #connection: Connection;
  readonly #length: number | undefined;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  /** `whole`: nobody is served before the end. `dropped`: what comes is thrown away. */
  #use: "unread" | "pieces" | "whole" | "dropped" = "unread";
  #isOver = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** `length`: what the answer announced, where it did. */
  constructor(connection: Connection, length: number | undefined) {
    this.#connection = connection;
    this.#length = length;
  }

  push(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#waitingBytes += chunk.byteLength;
    if (this.#use === "dropped") {
      if (this.#waitingBytes > DISCARD_BYTES) this.#giveUp();
      return;
    }
    this.#chunks.push(chunk);
    if (this.#use !== "whole" && this.#waitingBytes > READ_AHEAD_BYTES) this.#pause();
    if (this.#use === "pieces") this.#news();
  }

  end(): void {
    this.#isOver = true;
    this.#news();
  }

  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = error;
    this.#news();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#use = "pieces";
    return {
      next: async () => {
        for (;;) {
          const chunk = this.#chunks.shift();
          if (chunk !== undefined) {
            this.#waitingBytes -= chunk.byteLength;
            if (this.#waitingBytes === 0) this.#resume();
            return { done: false, value: viewOf(chunk) };
          }
          if (this.#failure !== undefined) throw this.#failure;
          if (this.#isOver) return END;
          await this.#wait();
        }
      },
      return: async () => {
        await this.discard();
        return END;
      },
    };
  }

  async bytes(): Promise<Uint8Array> {
    this.#use = "whole";
    this.#resume();
    while (!this.#isOver) await this.#wait();
    if (this.#failure !== undefined) throw this.#failure;
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return viewOf(only);
    const bytes = new Uint8Array(this.#waitingBytes);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
    this.#chunks = [];
    return bytes;
  }

  async discard(): Promise<void> {
    if (this.#isOver) return;
    const isUnread = this.#use === "unread";
    this.#use = "dropped";
    this.#chunks = [];
    if (!isUnread || (this.#length ?? Infinity) > DISCARD_BYTES) return this.#giveUp();
    this.#resume();
    // Nothing comes that one would have to wait for; most answers to writes are like this.
    if (this.#length === 0) return;
    // Whoever gives a body up shall not have to wait for a service that has gone silent.
    const timer = setTimeout(() => this.#giveUp(), DISCARD_MS);
    while (!this.#isOver) await this.#wait();
    clearTimeout(timer);
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.fail(given());
    this.#connection.abort(given());
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connection.resume();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #news(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** The same bytes, not as a `Buffer`: what leaves this package is web-standard. */
function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
