export interface ListenedSignal {
  readonly signal: AbortSignal;
  /** Listeners that are on the signal now. */
  readonly listening: () => number;
}

/** A signal that is never aborted and that counts who listens to it. */
export function listenedSignal(): ListenedSignal {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  // Own properties, so that the signal stays one that `fetch` accepts.
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => {
      listeners.add(args[1]);
      add(...args);
    },
    removeEventListener: (...args: Parameters<typeof remove>) => {
      listeners.delete(args[1]);
      remove(...args);
    },
  });
  return { signal, listening: () => listeners.size };
}
