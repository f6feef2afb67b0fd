import type { DriverBody } from "../contract/body.ts";
import type { GetResult } from "../contract/provider.ts";
import { openObject } from "../kit/open-object.ts";

/** What a layer does with a body that passes through it. All are optional. */
export interface BodyHooks {
  /** Around each step of reading: one chunk, or the whole body when it is read at once (then with its length). */
  readonly step?: <Value>(read: () => Promise<Value>, bytes: number) => Promise<Value>;
  /** Told of the bytes of each step. */
  readonly onBytes?: (count: number) => void;
  /** Once, when the body is over: read to its end (no reason), failed, or cancelled (`"cancelled"`). */
  readonly onEnd?: (reason: unknown) => void;
}

/** The same open object, with a layer's hooks in its body. */
export function relayed(
  result: GetResult,
  key: string,
  signal: AbortSignal | undefined,
  provider: string,
  hooks: BodyHooks,
): GetResult {
  const body = new RelayedBody(result, hooks);
  return openObject(
    { info: result.info, range: result.range, body },
    { site: { provider, operation: "get", key }, signal },
  );
}

class RelayedBody implements DriverBody {
  readonly #result: GetResult;
  readonly #hooks: BodyHooks;
  #ended = false;

  constructor(result: GetResult, hooks: BodyHooks) {
    this.#result = result;
    this.#hooks = hooks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const iterator = this.#result[Symbol.asyncIterator]();
    for (;;) {
      const step = await this.#step(() => iterator.next(), 0);
      if (step.done === true) break;
      this.#hooks.onBytes?.(step.value.byteLength);
      yield step.value;
    }
    this.#end(undefined);
  }

  async bytes(): Promise<Uint8Array> {
    const bytes = await this.#step(() => this.#result.bytes(), this.#result.range.length);
    this.#hooks.onBytes?.(bytes.byteLength);
    this.#end(undefined);
    return bytes;
  }

  async cancel(): Promise<void> {
    this.#end("cancelled");
    await this.#result.cancel();
  }

  async #step<Value>(read: () => Promise<Value>, bytes: number): Promise<Value> {
    try {
      return this.#hooks.step === undefined ? await read() : await this.#hooks.step(read, bytes);
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }

  #end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hooks.onEnd?.(reason);
  }
}
