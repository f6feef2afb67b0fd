/** Counts with a rate over the last seconds, by a monotonic clock. */
export interface RateMeter {
  readonly add: (objects: number, bytes: number) => void;
  read(): RateReading;
}

export interface RateReading {
  readonly objects: number;
  readonly bytes: number;
  readonly objectsPerSecond: number;
  readonly bytesPerSecond: number;
}

const WINDOW_MS = 15_000;
const SAMPLE_MS = 500;

export function rateMeter(now: () => number = () => performance.now()): RateMeter {
  let objects = 0;
  let bytes = 0;
  const samples = [{ at: now(), objects: 0, bytes: 0 }];

  return {
    add(moreObjects, moreBytes) {
      objects += moreObjects;
      bytes += moreBytes;
    },
    read() {
      const at = now();
      if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_MS) samples.push({ at, objects, bytes });
      while (samples.length > 2 && at - (samples[1]?.at ?? at) > WINDOW_MS) samples.shift();
      const first = samples[0] ?? { at, objects, bytes };
      const seconds = (at - first.at) / 1000;
      return {
        objects,
        bytes,
        objectsPerSecond: seconds > 0 ? (objects - first.objects) / seconds : 0,
        bytesPerSecond: seconds > 0 ? (bytes - first.bytes) / seconds : 0,
      };
    },
  };
}

/** Seconds until everything is done, by whatever will take longer; undefined when nothing moves or nobody knows the total. */
export function etaSeconds(
  reading: RateReading,
  total: { readonly objects: number | undefined; readonly bytes: number | undefined },
): number | undefined {
  const parts: number[] = [];
  if (total.objects !== undefined && reading.objectsPerSecond > 0) {
    parts.push((total.objects - reading.objects) / reading.objectsPerSecond);
  }
  if (total.bytes !== undefined && reading.bytesPerSecond > 0) {
    parts.push((total.bytes - reading.bytes) / reading.bytesPerSecond);
  }
  return parts.length === 0 ? undefined : Math.max(0, ...parts);
}
