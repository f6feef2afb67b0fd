/** How many bytes may be in memory at once: what bounds memory when many bodies of several megabytes are under way. */
export interface ByteBudget {
  /**
   * Answers with what gives the bytes back: at once when there is room, else when there is, in the order of asking. A request
   * larger than the budget gets all of it. Rejects with the reason of the signal.
   */
  take(bytes: number, signal: AbortSignal): Promise<() => void> | (() => void);
}

export function byteBudget(totalBytes: number): ByteBudget {
  let free = totalBytes;
  const queue: { readonly bytes: number; readonly start: () => void }[] = [];

  const serve = (): void => {
    for (let next = queue[0]; next !== undefined && next.bytes <= free; next = queue[0]) {
      queue.shift();
      free -= next.bytes;
      next.start();
    }
  };

  const give = (share: number): (() => void) => {
    let given = true;
    return () => {
      if (!given) return;
      given = false;
      free += share;
      serve();
    };
  };

  return {
    take(bytes, signal) {
      const share = Math.min(bytes, totalBytes);
      if (queue.length === 0 && share <= free && !signal.aborted) {
        free -= share;
        return give(share);
      }
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const request = {
        bytes: share,
        start: () => {
          signal.removeEventListener("abort", onAbort);
          resolve(give(share));
        },
      };
      const onAbort = (): void => {
        queue.splice(queue.indexOf(request), 1);
        reject(signal.reason as Error);
        serve();
      };
      if (signal.aborted) {
        reject(signal.reason as Error);
        return promise;
      }
      signal.addEventListener("abort", onAbort, { once: true });
      queue.push(request);
      serve();
      return promise;
    },
  };
}
