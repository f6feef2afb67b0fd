/**
 * A time limit that is set anew all the time. Setting it is storing a number: its one timer looks at the number when it fires,
 * and goes on waiting when there is time left, since nearly all limits are over before they are reached. It holds no process.
 */
export class LazyDeadline<What> {
  readonly #onTooLate: (what: What) => void;
  #atMs = Infinity;
  #what: What | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;

  constructor(onTooLate: (what: What) => void) {
    this.#onTooLate = onTooLate;
  }

  /** `what` is too late when so many milliseconds have passed, unless something else is set before. */
  set(ms: number, what: What): void {
    this.#what = what;
    this.#atMs = performance.now() + ms;
    if (this.#timerAtMs > this.#atMs) this.#wait(ms);
  }

  /** Nothing is too late until something is set. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = Infinity;
    this.#what = undefined;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = this.#atMs;
    this.#timer = setTimeout(this.#onTimer, ms);
    this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    this.#timerAtMs = Infinity;
    const what = this.#what;
    if (what === undefined) return;
    const leftMs = this.#atMs - performance.now();
    // Timers may fire a millisecond early.
    if (leftMs > 1) this.#wait(leftMs);
    else this.#onTooLate(what);
  };
}
