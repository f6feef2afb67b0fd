import { setTimeout as sleep } from "node:timers/promises";

/** Slows bodies down to a rate, all transfers together. */
export interface Bandwidth {
  /** Resolves when `bytes` more may pass. */
  pass(bytes: number, signal: AbortSignal): Promise<void>;
}

/** A rate that may change while bodies wait; they wait by the new one. */
export interface AdjustableBandwidth extends Bandwidth {
  /** Undefined: no limit. */
  setRate(bytesPerSecond: number | undefined): void;
}

/** How much may pass at once after a quiet time, in seconds of the rate. */
const BURST_SECONDS = 0.25;
/** Whoever waits looks again after so long: the rate may be another one by then. */
const LOOK_AGAIN_MS = 500;
const PASSED = Promise.resolve();

/**
 * A line of bytes of which the rate frees more and more: each pass books the next stretch and waits until that is free.
 * Monotonic, so a clock that jumps changes nothing (L14).
 */
export function bandwidth(
  bytesPerSecond: number | undefined,
  now: () => number = () => performance.now(),
): AdjustableBandwidth {
  let rate = bytesPerSecond;
  let freeBytes = 0;
  let lookedAtMs = now();
  let bookedBytes = 0;

  const look = (): void => {
    const atMs = now();
    freeBytes = rate === undefined ? bookedBytes : freeBytes + ((atMs - lookedAtMs) / 1000) * rate;
    lookedAtMs = atMs;
  };

  const wait = async (untilBytes: number, signal: AbortSignal): Promise<void> => {
    for (;;) {
      look();
      if (rate === undefined || freeBytes >= untilBytes) return;
      const waitMs = ((untilBytes - freeBytes) / rate) * 1000;
      await sleep(Math.min(waitMs, LOOK_AGAIN_MS), undefined, { signal });
    }
  };

  return {
    pass(bytes, signal) {
      if (rate === undefined) return PASSED;
      look();
      bookedBytes = Math.max(bookedBytes, freeBytes - rate * BURST_SECONDS) + bytes;
      return wait(bookedBytes, signal);
    },
    setRate(newRate) {
      look();
      rate = newRate;
    },
  };
}
