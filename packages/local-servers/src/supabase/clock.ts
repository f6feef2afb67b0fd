/** The server's time. Rows carry microseconds, as PostgreSQL's `timestamptz` does; JSON shows milliseconds. */
export interface Clock {
  nowMs(): number;
  /** Microseconds since 1970, each greater than the one before: no two rows are written at one time. */
  nextUs(): number;
}

export function clockFrom(readMs: () => number): Clock {
  let lastUs = 0;
  return {
    nowMs: readMs,
    nextUs() {
      lastUs = Math.max(Math.floor(readMs() * 1000), lastUs + 1);
      return lastUs;
    },
  };
}

/** Milliseconds with a fraction, unlike `Date.now`. */
export function systemTimeMs(): number {
  return performance.timeOrigin + performance.now();
}

export function toIso(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}
