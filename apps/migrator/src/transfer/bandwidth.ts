import { setTimeout as sleep } from "node:timers/promises";

/** Slows bodies down to a rate, all transfers together. */
export interface Bandwidth {
  /** Resolves when `bytes` more may pass. */
  pass(bytes: number, signal: AbortSignal): Promise<void>;
}

export const UNLIMITED: Bandwidth = { pass: () => Promise.resolve() };

/** How much may pass at once after a quiet time, in seconds of the rate. */
const BURST_SECONDS = 0.25;

/**
 * Books each pass onto a timetable: the next one starts when the one before has had its time. Monotonic, so a clock that
 * jumps changes nothing (L14).
 */
export function bandwidth(bytesPerSecond: number, now: () => number = () => performance.now()): Bandwidth {
  let nextFreeMs = Number.NEGATIVE_INFINITY;
  return {
    async pass(bytes, signal) {
      const start = Math.max(nextFreeMs, now() - BURST_SECONDS * 1000);
      nextFreeMs = start + (bytes / bytesPerSecond) * 1000;
      const waitMs = nextFreeMs - now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    },
  };
}
