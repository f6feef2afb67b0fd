import { StorageError } from "../errors/storage-error.ts";

interface Waiting {
  readonly admit: () => void;
}

/** So many may be inside at once; the others wait in a queue and are let in one by one. */
export class Gate {
  readonly #places: number;
  #inside = 0;
  /** In order of arrival; a Set forgets one in the middle at no cost. */
  readonly #queue = new Set<Waiting>();

  constructor(places: number) {
    if (!Number.isSafeInteger(places) || places < 1) {
      throw new StorageError("InvalidConfig", `concurrency is ${places}. Pass a whole number of 1 or more`);
    }
    this.#places = places;
  }

  /** Takes a place when one is free. */
  tryEnter(): boolean {
    if (this.#inside >= this.#places) return false;
    this.#inside += 1;
    return true;
  }

  /** Waits for a place; rejects with `refuse` when the signal is aborted before. */
  enter(signal: AbortSignal | undefined, refuse: (signal: AbortSignal) => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.delete(waiting);
        if (signal !== undefined) reject(refuse(signal));
      };
      const waiting: Waiting = {
        admit: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.add(waiting);
    });
  }

  /** Gives a place back, or hands it to the one who has waited longest. */
  leave(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    this.#queue.delete(next);
    next.admit();
  }
}
