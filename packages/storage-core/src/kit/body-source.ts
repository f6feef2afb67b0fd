import type { BodySource, ByteStream, PutBody } from "../contract/body.ts";
import { isStorageError, type StorageError } from "../errors/storage-error.ts";
import { AbortRace } from "./abort-race.ts";
import { isAsyncIterable, isReadableStream, iterateBytes, viewBytes } from "./byte-chunks.ts";
import { aborted, asStorageError, refusal, type CallSite } from "./failure.ts";

export interface BodyLimits {
  readonly site: CallSite;
  readonly signal: AbortSignal | undefined;
  /** What the caller said the length is, in bytes. */
  readonly contentLength: number | undefined;
  /** Largest body, in bytes; beyond it `TooLarge`. */
  readonly maxBytes: number;
  /** Called with the bytes handed out so far; once more from the start when the body is opened again. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** A body on its way to a driver, and what the kit has to know of it afterwards. */
export interface OutgoingBody {
  readonly source: BodySource;
  /** Why the last reading of the stream failed, if it did: HTTP libraries tend to bury this under an error of their own. */
  failure(): StorageError | undefined;
  /** Closes a stream that the driver left half read. */
  close(): void;
}

const UTF8 = new TextEncoder();

/** Every shape of body that a caller may pass, as one of the two that a driver gets. Nothing is read yet. */
export function outgoingBody(body: PutBody, limits: BodyLimits): OutgoingBody {
  const bytes = typeof body === "string" ? UTF8.encode(body) : viewBytes(body);
  if (bytes !== undefined) {
    demandLength(bytes.byteLength, limits);
    return new Whole(bytes);
  }
  if (typeof body === "function") return new Flowing(async () => body(), undefined, true, limits);
  if (isBlob(body)) {
    demandLength(body.size, limits);
    return new Flowing(() => body.stream(), body.size, true, limits);
  }
  if (isReadableStream(body)) {
    if (body.locked)
      throw refusal(
        "InvalidArgument",
        limits.site,
        "the body is a stream that somebody else reads already. Pass a stream without a reader",
      );
    return new Flowing(() => body, undefined, false, limits);
  }
  if (isAsyncIterable(body)) return new Flowing(() => body, undefined, false, limits);
  throw refusal(
    "InvalidArgument",
    limits.site,
    `the body is ${body === null ? "null" : typeof body}. ` +
      "Pass a string, bytes, a Blob, a ReadableStream, an async iterable of bytes, or a function that opens one of these two",
  );
}

function demandLength(length: number, { site, contentLength, maxBytes }: BodyLimits): void {
  if (contentLength !== undefined && contentLength !== length) {
    throw refusal("IncompleteBody", site, `the body has ${length} bytes, contentLength says ${contentLength}`, {
      persistence: "permanent",
    });
  }
  if (length > maxBytes) throw tooLarge(length, site, maxBytes);
}

function tooLarge(length: number, site: CallSite, maxBytes: number): StorageError {
  return refusal("TooLarge", site, `the body has ${length} bytes or more, ${maxBytes} are allowed`);
}

function isBlob(value: unknown): value is Blob {
  return (
    typeof value === "object" &&
    value !== null &&
    "stream" in value &&
    typeof value.stream === "function" &&
    "size" in value &&
    typeof value.size === "number"
  );
}

class Whole implements OutgoingBody {
  readonly source: BodySource;

  constructor(bytes: Uint8Array) {
    this.source = { kind: "bytes", bytes, length: bytes.byteLength };
  }

  failure(): undefined {
    return undefined;
  }

  close(): void {}
}

class Flowing implements OutgoingBody {
  readonly source: BodySource;
  #reading: CountedReading | undefined;

  constructor(
    openStream: () => ByteStream | Promise<ByteStream>,
    size: number | undefined,
    replayable: boolean,
    limits: BodyLimits,
  ) {
    const length = limits.contentLength ?? size;
    if (length !== undefined && length > limits.maxBytes) throw tooLarge(length, limits.site, limits.maxBytes);
    this.source = {
      kind: "stream",
      length,
      replayable,
      open: () => {
        if (this.#reading !== undefined && !replayable) {
          throw refusal(
            "InvalidArgument",
            limits.site,
            "the body is a stream that can be read once, and it was read already",
          );
        }
        this.#reading?.abandon();
        this.#reading = new CountedReading(openStream, length, limits);
        return this.#reading;
      },
    };
  }

  failure(): StorageError | undefined {
    return this.#reading?.failure;
  }

  close(): void {
    this.#reading?.abandon();
  }
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * One reading of a stream, counted. The chunk that completes the announced length is handed out only after the source has
 * said that it ends there; so a driver that stops at the announced length can never store the head of a longer body.
 * Empty chunks are left out: as a chunk of HTTP/1.1's chunked coding one would end the body.
 */
class CountedReading implements AsyncIterableIterator<Uint8Array> {
  failure: StorageError | undefined;
  readonly #openStream: () => ByteStream | Promise<ByteStream>;
  readonly #length: number | undefined;
  readonly #limits: BodyLimits;
  readonly #race: AbortRace;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #count = 0;
  #pending = false;
  #ended = false;

  constructor(openStream: () => ByteStream | Promise<ByteStream>, length: number | undefined, limits: BodyLimits) {
    this.#openStream = openStream;
    this.#length = length;
    this.#limits = limits;
    this.#race = new AbortRace(limits.signal, () => this.abandon());
    limits.onBytes?.(0);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.failure !== undefined) throw this.failure;
    if (this.#ended) return END;
    try {
      const chunk = await this.#nextChunk();
      if (chunk === undefined) {
        this.#finish();
        if (this.#length !== undefined && this.#count < this.#length)
          throw this.#wrongLength("ended after", this.#count);
        return END;
      }
      this.#count += chunk.byteLength;
      if (this.#length !== undefined && this.#count >= this.#length) await this.#demandEnd();
      if (this.#count > this.#limits.maxBytes) throw tooLarge(this.#count, this.#limits.site, this.#limits.maxBytes);
      this.#limits.onBytes?.(this.#count);
      return { done: false, value: chunk };
    } catch (error) {
      const { site, signal } = this.#limits;
      this.failure = signal?.aborted === true ? aborted(site, signal) : asStorageError(error, { site });
      this.abandon();
      throw this.failure;
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#close();
    return END;
  }

  /** Closes the source without waiting for it. */
  abandon(): void {
    // A source that fails while it is closed has nobody left to tell.
    this.#close().catch(() => undefined);
  }

  async #close(): Promise<void> {
    if (this.#ended) return;
    this.#finish();
    const closed = this.#iterator?.return?.();
    // A generator runs its `return` only after the `next` it is in, which may never come back.
    if (this.#pending) closed?.then(undefined, () => undefined);
    else await closed;
  }

  #finish(): void {
    this.#ended = true;
    this.#race.release();
  }

  /** The next chunk that is not empty; undefined at the end. */
  async #nextChunk(): Promise<Uint8Array | undefined> {
    for (;;) {
      this.#pending = true;
      const step = await this.#race.wait(this.#step());
      this.#pending = false;
      if (step.done === true) return undefined;
      const chunk = viewBytes(step.value);
      if (chunk === undefined) {
        throw refusal(
          "InvalidArgument",
          this.#limits.site,
          `the body's stream gave a chunk of type ${typeof step.value}. Encode text with TextEncoderStream`,
        );
      }
      if (chunk.byteLength > 0) return chunk;
    }
  }

  /** What the caller's stream says; its own error stays as the cause. */
  async #step(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      this.#iterator ??= await this.#openIterator();
      return await this.#iterator.next();
    } catch (error) {
      throw refusal("IncompleteBody", this.#limits.site, "the body's own stream failed before its end, see the cause", {
        cause: error,
        // Whether it would help to try again is what a source of this contract knows best.
        persistence: isStorageError(error) ? error.persistence : undefined,
      });
    }
  }

  async #openIterator(): Promise<AsyncIterator<Uint8Array>> {
    const stream = await this.#openStream();
    if (!isReadableStream(stream) && !isAsyncIterable(stream)) {
      throw new TypeError("The body's function gave no stream. Return a ReadableStream or an async iterable.");
    }
    const iterator = iterateBytes(stream);
    // Abandoned while the function was still opening it.
    if (this.#ended) await iterator.return?.();
    return iterator;
  }

  async #demandEnd(): Promise<void> {
    if (this.#count === this.#length) {
      const more = await this.#nextChunk();
      if (more === undefined) {
        this.#finish();
        return;
      }
      this.#count += more.byteLength;
    }
    throw this.#wrongLength("goes on after", this.#length ?? 0);
  }

  #wrongLength(what: string, bytes: number): StorageError {
    return refusal(
      "IncompleteBody",
      this.#limits.site,
      `the body ${what} ${bytes} bytes, its announced length is ${this.#length ?? 0}`,
    );
  }
}
