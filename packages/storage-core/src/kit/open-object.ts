import type { DriverBody } from "../contract/body.ts";
import type { DriverGetResult } from "../contract/driver.ts";
import type { GetResult, ObjectInfo } from "../contract/provider.ts";
import type { StorageError } from "../errors/storage-error.ts";
import { AbortRace } from "./abort-race.ts";
import { collectBytes } from "./byte-chunks.ts";
import { asStorageError, refusal, type FailureContext } from "./failure.ts";

/**
 * The open object that a `get` resolves with: it counts the driver's body against the range that was served, gives the
 * connection back when the caller stops or aborts, and names every failure.
 * @throws Aborted when the signal is aborted already; the driver's body is cancelled then
 */
export function openObject(result: DriverGetResult, context: FailureContext): GetResult {
  if (context.signal?.aborted === true) {
    result.body.cancel().catch(() => undefined);
    throw asStorageError(context.signal.reason, context);
  }
  return new OpenObject(result, context);
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };
const UTF8 = new TextDecoder();

/** `unread` → `reading` → `over`; a cancel or an abort ends it from anywhere. */
type State = "unread" | "reading" | "over";

class OpenObject implements GetResult {
  readonly info: ObjectInfo;
  readonly range: { readonly offset: number; readonly length: number };
  readonly #body: DriverBody;
  readonly #context: FailureContext;
  readonly #race: AbortRace;
  #state: State = "unread";
  #stream: ReadableStream<Uint8Array> | undefined;

  constructor({ info, range, body }: DriverGetResult, context: FailureContext) {
    this.info = info;
    this.range = range;
    this.#body = body;
    this.#context = context;
    this.#race = new AbortRace(context.signal, () => this.#giveUp());
  }

  get body(): ReadableStream<Uint8Array> {
    return (this.#stream ??= this.#webStream());
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    const refused = this.#claim();
    let iterator: AsyncIterator<Uint8Array> | undefined;
    let count = 0;
    return {
      next: async () => {
        if (refused !== undefined) throw refused;
        if (this.#state === "over") return this.#endOrAbort();
        try {
          iterator ??= this.#body[Symbol.asyncIterator]();
          const step = await this.#race.wait(iterator.next());
          if (step.done === true) {
            this.#finish();
            if (count < this.range.length) throw this.#wrongLength(count);
            return END;
          }
          count += step.value.byteLength;
          if (count > this.range.length) throw this.#wrongLength(count);
          return { done: false, value: step.value };
        } catch (error) {
          this.#giveUp();
          throw asStorageError(error, this.#context);
        }
      },
      return: async () => {
        if (refused === undefined) await this.cancel();
        return END;
      },
    };
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#body.bytes === undefined) return collectBytes(this, this.range.length);
    const refused = this.#claim();
    if (refused !== undefined) throw refused;
    try {
      const bytes = await this.#race.wait(this.#body.bytes());
      this.#finish();
      if (bytes.byteLength !== this.range.length) throw this.#wrongLength(bytes.byteLength);
      return bytes;
    } catch (error) {
      this.#giveUp();
      throw asStorageError(error, this.#context);
    }
  }

  async text(): Promise<string> {
    return UTF8.decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw refusal("Unknown", this.#context.site, "the object is not JSON, see the cause", { cause: error });
    }
  }

  async cancel(): Promise<void> {
    if (this.#state === "over") return;
    this.#finish();
    const reason = refusal("Aborted", this.#context.site, "the body was cancelled while it was read");
    this.#race.lose(reason);
    try {
      await this.#body.cancel();
    } catch (error) {
      throw asStorageError(error, this.#context);
    }
  }

  /** Takes the right to read the body, or says why there is none. */
  #claim(): StorageError | undefined {
    if (this.#state === "unread") {
      this.#state = "reading";
      return undefined;
    }
    const { site, signal } = this.#context;
    if (signal?.aborted === true) return asStorageError(signal.reason, this.#context);
    return refusal(
      "InvalidArgument",
      site,
      "the body was read or cancelled before. Call get again for another reading",
    );
  }

  #endOrAbort(): IteratorReturnResult<undefined> {
    const { signal } = this.#context;
    if (signal?.aborted === true) throw asStorageError(signal.reason, this.#context);
    return END;
  }

  #finish(): void {
    this.#state = "over";
    this.#race.release();
  }

  /** Ends the body without waiting; what led here is the error that the caller gets. */
  #giveUp(): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#body.cancel().catch(() => undefined);
  }

  #wrongLength(count: number): StorageError {
    const { length } = this.range;
    const what =
      count < length ? `ended after ${count} of ${length} bytes` : `has more than the ${length} bytes announced`;
    return refusal("IncompleteBody", this.#context.site, `the body ${what}`);
  }

  #webStream(): ReadableStream<Uint8Array> {
    let iterator: AsyncIterator<Uint8Array> | undefined;
    // Nothing is read ahead: whoever only looks at `body` has not claimed it.
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          iterator ??= this[Symbol.asyncIterator]();
          const step = await iterator.next();
          if (step.done === true) controller.close();
          else controller.enqueue(step.value);
        },
        cancel: async () => {
          await this.cancel();
        },
      },
      { highWaterMark: 0 },
    );
  }
}
