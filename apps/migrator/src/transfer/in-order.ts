/**
 * Gives the results of parallel work in the order in which the work was handed out. What is done early waits for what was
 * begun before it; how far the two may be apart is bounded, so one slow object cannot fill the memory with those after it.
 */
export interface InOrder<T> {
  /** Undefined when another one may be begun, else what to wait for. One caller at a time. */
  room(): Promise<void> | undefined;
  /** Takes the next place. Its result goes to whom it returns, once; a place without a result holds up all that follow. */
  place(): (result: T) => void;
  /** Ends the waiting for room: the work was given up, and places will stay without results. */
  giveUp(): void;
}

/** `emit` is called synchronously, one result after another. */
export function inOrder<T>(emit: (result: T) => void, windowSize = 10_000): InOrder<T> {
  const waiting = new Map<number, { readonly result: T }>();
  let begun = 0;
  let emitted = 0;
  let givenUp = false;
  let wake: (() => void) | undefined;

  const put = (number: number, result: T): void => {
    waiting.set(number, { result });
    for (let next = waiting.get(emitted); next !== undefined; next = waiting.get(emitted)) {
      waiting.delete(emitted);
      emitted++;
      emit(next.result);
    }
    if (begun - emitted < windowSize) wake?.();
  };

  return {
    room() {
      if (givenUp || begun - emitted < windowSize) return undefined;
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    place() {
      const number = begun++;
      return (result) => {
        put(number, result);
      };
    },
    giveUp() {
      givenUp = true;
      wake?.();
    },
  };
}
