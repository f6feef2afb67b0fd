import type { BodySink, BodySource } from "./exchange.ts";

/** More than this is not read only to keep a connection. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 1000;
/** So much may wait for its reader before the connection is held back. */
const READ_AHEAD_BYTES = 128 * 1024;

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** A body that flows to its reader: a stream object for each answer would cost as much as the rest of a small request. */
export class FlowingBody implements BodySink {
  readonly #source: BodySource;
  readonly #length: number | undefined;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  /** `whole`: nobody is served before the end. `dropped`: what comes is thrown away. */
  #use: "unread" | "pieces" | "whole" | "dropped" = "unread";
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** `length`: what the answer announced, where it did. */
  constructor(source: BodySource, length: number | undefined) {
    this.#source = source;
    this.#length = length;
  }

  push(view: Uint8Array): void {
    if (this.#isOver) return;
    this.#waitingBytes += view.byteLength;
    if (this.#use === "dropped") {
      if (this.#waitingBytes > DISCARD_BYTES) this.#giveUp();
      return;
    }
    this.#chunks.push(view.slice());
    if (this.#use !== "whole" && this.#waitingBytes > READ_AHEAD_BYTES) this.#pause();
    if (this.#use === "pieces") this.#news();
  }

  end(): void {
    // Its last bytes may have held the connection back, which is free for others now.
    this.#resume();
    this.#isOver = true;
    this.#news();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = { error };
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
            return { done: false, value: chunk };
          }
          if (this.#failure !== undefined) throw this.#failure.error;
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
    if (this.#failure !== undefined) throw this.#failure.error;
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
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
    this.fail(new DOMException("The body was given up.", "AbortError"));
    this.#source.abandon();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#source.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#source.resume();
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
