/** How fast rows are written. */
export interface PaceOptions {
  /** Undefined: as fast as it goes. */
  readonly rowsPerSecond?: number | undefined;
  /** Replicas that are further behind are waited for. Undefined: nobody looks. */
  readonly maxReplicaLagMs?: number | undefined;
}
