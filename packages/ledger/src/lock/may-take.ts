/** What is known of the present owner when somebody else asks for the lock. */
export interface OwnerFacts {
  readonly held: boolean;
  readonly sameHost: boolean;
  /** Only meaningful on the same host. */
  readonly alive: boolean;
  /** Time since the last heartbeat by this host's clock; negative when the other clock is ahead. */
  readonly heartbeatAgeMs: number;
  readonly leaseMs: number;
}

export type LockDecision = "free" | "held" | "owner-dead" | "lease-over";

/**
 * | held | same host | alive | heartbeat within the lease | decision |
 * | --- | --- | --- | --- | --- |
 * | no  |     |     |     | free |
 * | yes | yes | yes |     | held, however old the heartbeat: it sleeps, and will wake |
 * | yes | yes | no  |     | owner-dead |
 * | yes | no  |     | yes | held |
 * | yes | no  |     | no  | lease-over |
 *
 * A heartbeat from the future counts by its distance: a wrong clock must neither lock a ledger for ever nor free it at once.
 */
export function mayTake(owner: OwnerFacts): LockDecision {
  if (!owner.held) return "free";
  if (owner.sameHost) return owner.alive ? "held" : "owner-dead";
  return Math.abs(owner.heartbeatAgeMs) <= owner.leaseMs ? "held" : "lease-over";
}
