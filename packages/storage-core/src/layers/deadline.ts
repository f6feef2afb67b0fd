/** Milliseconds from now until `run`, and how to call it off. Tests pass a clock of their own. */
export type SetTimer = (run: () => void, afterMs: number) => { readonly clear: () => void };

export const realTimer: SetTimer = (run, afterMs) => {
  const id = setTimeout(run, afterMs);
  return { clear: () => clearTimeout(id) };
};

/**
 * A time limit that can be started anew, with a signal of its own: aborted by the caller's signal, or when time is up.
 * `release` takes away timer and listener; it has to be called.
 */
export class Deadline {
  readonly #setTimer: SetTimer;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#outer?.reason);
  #timer: { readonly clear: () => void } | undefined;
  #lose: ((error: Error) => void) | undefined;
  #error: Error | undefined;

  constructor(outer: AbortSignal | undefined, setTimer: SetTimer) {
    this.#outer = outer;
    this.#setTimer = setTimer;
    if (outer?.aborted === true) this.#onAbort();
    else outer?.addEventListener("abort", this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time anew. When it is up, the signal is aborted and whatever is raced fails with `error()`. */
  start(ms: number, error: () => Error): void {
    this.#timer?.clear();
    this.#timer = this.#setTimer(() => {
      this.#error = error();
      this.#controller.abort(this.#error);
      this.#lose?.(this.#error);
    }, ms);
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** The work's outcome, or this deadline's error when time is up first, also when the work ignores the signal. */
  async race<Value>(work: Promise<Value>, late?: (value: Value) => void): Promise<Value> {
    try {
      return await new Promise<Value>((resolve, reject) => {
        this.#lose = (error) => {
          reject(error);
          work.then(late, () => undefined);
        };
        work.then(resolve, reject);
      });
    } catch (error) {
      // The work fails because of our own signal; that it ran out of time is what happened.
      throw this.#error ?? error;
    } finally {
      this.#lose = undefined;
    }
  }

  release(): void {
    this.stop();
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}
