/**
 * Lets one waiting promise at a time lose against an AbortSignal. The listener is added once, not once per chunk, and
 * removed by `release`; without a signal nothing is added at all.
 */
export class AbortRace {
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #reject: ((reason: unknown) => void) | undefined;

  /** `onAbort` runs before the waiting promise is rejected with the signal's reason. */
  constructor(signal: AbortSignal | undefined, onAbort: () => void) {
    this.#signal = signal;
    this.#onAbort = () => {
      this.release();
      onAbort();
      this.#reject?.(signal?.reason);
    };
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** `promise`, or a rejection with the signal's reason, whichever comes first. */
  wait<Value>(promise: Promise<Value>): Promise<Value> {
    const signal = this.#signal;
    if (signal === undefined) return promise;
    return new Promise<Value>((resolve, reject) => {
      this.#reject = reject;
      promise.then(resolve, reject);
      // Aborted while the promise was being made, so the listener had nobody to tell yet.
      if (signal.aborted) reject(signal.reason);
    });
  }

  /** Rejects the promise that is waiting now, if any. */
  lose(reason: unknown): void {
    this.#reject?.(reason);
  }

  release(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
