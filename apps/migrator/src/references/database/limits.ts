/** How gently the database is to be handled. */
export interface DatabaseLimits {
  /** A write waits no longer for a lock. */
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Triggers, rules and foreign keys do not run for our writes; needs a privileged role. Postgres only. */
  readonly suppressTriggers: boolean;
  /** Longer texts are not read, and reported. */
  readonly maxValueBytes: number;
  /** A read replica whose lag is watched, beside what the primary says of its own replicas. */
  readonly replicaUrl: string | undefined;
}

export const USUAL_LIMITS: DatabaseLimits = {
  lockTimeoutMs: 5_000,
  statementTimeoutMs: 10 * 60_000,
  suppressTriggers: false,
  maxValueBytes: 64 * 2 ** 20,
  replicaUrl: undefined,
};
