import type { Pace } from "./throttle.ts";

/** The share of one of several processes, so that all shares together are the whole. */
export function shareOf({ concurrency, bandwidthBytesPerSecond }: Pace, processes: number, index: number): Pace {
  return {
    concurrency: Math.floor(concurrency / processes) + (index < concurrency % processes ? 1 : 0),
    bandwidthBytesPerSecond: bandwidthBytesPerSecond && bandwidthBytesPerSecond / processes,
  };
}
