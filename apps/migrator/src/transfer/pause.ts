import { setTimeout as sleep } from "node:timers/promises";
import type { StorageError } from "@bucketferry/storage-core";
import type { Side } from "../decide/failure.ts";

export interface PauseEvent {
  readonly type: "paused" | "resumed";
  readonly side: Side;
  readonly code: string;
  readonly message: string;
}

export interface Pause {
  /** Undefined when nothing is in the way; else resolves when the trouble is over. Rejects with the trouble when it lasts too long. */
  passable(signal: AbortSignal): Promise<unknown> | undefined;
  /** Something that is no object's fault: everybody waits, one of us asks the side again and again. */
  begin(side: Side, trouble: StorageError): void;
}

export interface PauseOptions {
  /** One cheap call to a side; resolves when it works again. */
  readonly probe: (side: Side, signal: AbortSignal) => Promise<void>;
  readonly patienceMs: number;
  /** What everybody who waits gets when patience is over. */
  readonly failureOf: (side: Side, trouble: StorageError) => Error;
  readonly signal: AbortSignal;
  readonly onEvent: (event: PauseEvent) => void;
  /** First wait between two probes; it doubles up to a minute. */
  readonly firstWaitMs?: number | undefined;
}

const LONGEST_WAIT_MS = 60_000;

/**
 * Stops a whole pool while credentials are expired or a service is away (S13). The providers fetch fresh credentials
 * themselves; here somebody only has to wait until that has worked, instead of failing a million objects meanwhile.
 */
export function pause({ probe, patienceMs, failureOf, signal, onEvent, firstWaitMs = 1_000 }: PauseOptions): Pause {
  const running = new Map<Side, Promise<void>>();

  const wait = async (side: Side, trouble: StorageError): Promise<void> => {
    onEvent({ type: "paused", side, code: trouble.code, message: trouble.message });
    const endMs = performance.now() + patienceMs;
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      if (performance.now() + waitMs > endMs) throw failureOf(side, trouble);
      await sleep(waitMs, undefined, { signal });
      const works = await probe(side, signal).then(
        () => true,
        () => false,
      );
      if (!works) continue;
      onEvent({ type: "resumed", side, code: trouble.code, message: `The ${side} answers again.` });
      return;
    }
  };

  return {
    passable(callerSignal) {
      callerSignal.throwIfAborted();
      return running.size === 0 ? undefined : Promise.all(running.values());
    },
    begin(side, trouble) {
      if (running.has(side)) return;
      const waiting = wait(side, trouble);
      running.set(side, waiting);
      // A pause that ends badly stays: everybody who asks gets its trouble.
      waiting.then(
        () => running.delete(side),
        () => undefined,
      );
    },
  };
}
