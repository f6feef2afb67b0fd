/** How a target is written, as far as the number of requests depends on it. */
export interface RequestRules {
  /** Up to this size an object is one read and one write. */
  readonly wholeBodyBytes: number;
  readonly partSizeBytes: number;
}

/** Begin and end of the upload; looks at the source before and after, and at the target before anything is sent. */
const REQUESTS_AROUND_PARTS = 5;

/**
 * Requests of one object's copy when nothing fails: a read and a write; a large one, a read and a write for each part,
 * and those around them.
 */
export function requestsOf(sizeBytes: number, rules: RequestRules): number {
  if (sizeBytes <= rules.wholeBodyBytes) return 2;
  return 2 * Math.ceil(sizeBytes / rules.partSizeBytes) + REQUESTS_AROUND_PARTS;
}

/** What a plan costs. Nothing in it is a promise: retries, and objects that change meanwhile, come on top. */
export interface Forecast {
  readonly requests: number;
  readonly bytes: number;
  /** At the rate that was named; null where none was. */
  readonly seconds: number | null;
}

export function forecastOf(
  work: { readonly requests: number; readonly bytes: number },
  bytesPerSecond: number | undefined,
): Forecast {
  return { ...work, seconds: bytesPerSecond === undefined ? null : Math.ceil(work.bytes / bytesPerSecond) };
}
