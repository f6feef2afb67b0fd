import { bandwidth, type Bandwidth } from "../transfer/bandwidth.ts";
import type { HostLimits } from "./host-limits.ts";

/** How fast copying may go at this moment. */
export interface Pace {
  /** Objects at once; 0: nothing new for now. */
  readonly concurrency: number;
  /** Undefined: no limit. */
  readonly bandwidthBytesPerSecond: number | undefined;
}

/** The pace that was set, and what the hosts bear of it. */
export interface Throttle {
  /** Objects at once. */
  concurrency(): number;
  readonly bandwidth: Bandwidth;
  setPace(pace: Pace): void;
  /** Told when `concurrency` may have changed; answers with what takes the listener away. */
  onChange(listener: () => void): () => void;
}

/** Requests beside the transfers' own: probes, and listings that go on meanwhile. */
const SPARE_REQUESTS = 2;

export function requestsFor(concurrency: number): number {
  return concurrency + SPARE_REQUESTS;
}

export function throttle(hosts: HostLimits, first: Pace): Throttle {
  const rate = bandwidth(first.bandwidthBytesPerSecond);
  const listeners = new Set<() => void>();
  let pace = first;
  hosts.setMost(requestsFor(first.concurrency));

  return {
    concurrency: () => Math.min(pace.concurrency, hosts.least()),
    bandwidth: rate,
    setPace(next) {
      pace = next;
      rate.setRate(next.bandwidthBytesPerSecond);
      hosts.setMost(requestsFor(next.concurrency));
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      const forget = hosts.onChange(listener);
      return () => {
        listeners.delete(listener);
        forget();
      };
    },
  };
}
