/** How a run is asked to end. */
export interface Interrupt {
  /** First signal: begin nothing new, finish what is under way, record it. */
  readonly drain: AbortSignal;
  /** Second signal: end what is under way as well; it is done again next time. */
  readonly abort: AbortSignal;
  dispose(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Listens to the process's signals. A third one is the operating system's business again: it ends the process at once. */
export function processInterrupt(onSignal: (count: 1 | 2) => void): Interrupt {
  const drain = new AbortController();
  const abort = new AbortController();
  const stop = (): void => {
    for (const name of SIGNALS) process.off(name, handle);
  };
  const handle = (): void => {
    if (!drain.signal.aborted) {
      drain.abort(interrupted());
      onSignal(1);
      return;
    }
    abort.abort(interrupted());
    onSignal(2);
    stop();
  };
  for (const name of SIGNALS) process.on(name, handle);
  return { drain: drain.signal, abort: abort.signal, dispose: stop };
}

function interrupted(): DOMException {
  return new DOMException("Interrupted.", "AbortError");
}
