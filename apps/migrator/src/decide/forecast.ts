/** How a target is written, as far as the number of requests depends on it. */
export interface RequestRules {
  /** Up to this size an object is one read and one write. */
  readonly wholeBodyBytes: number;
  readonly partSizeBytes: number;
}

/**
 * Requests of one object's copy when nothing fails: a read and a write; a large one, a read and a write for each part,
 * and two more that begin and end its upload.
 */
export function requestsOf(sizeBytes: number, rules: RequestRules): number {
  if (sizeBytes <= rules.wholeBodyBytes) return 2;
  return 2 * Math.ceil(sizeBytes / rules.partSizeBytes) + 2;
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
