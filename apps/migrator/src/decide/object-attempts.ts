/** How often one object is begun before it goes to the dead letters. Each request in it has retries of its own. */
export const OBJECT_ATTEMPTS = 3;

const BASE_MS = 500;
const MOST_MS = 30_000;

/**
 * Milliseconds to wait before attempt number `attempt` (2 is the first repetition): exponential with full jitter, so that
 * many objects that failed together do not come back together; never earlier than the service asked for.
 */
export function backoffMs(attempt: number, retryAfterMs: number | undefined, random: number): number {
  const ceiling = Math.min(MOST_MS, BASE_MS * 2 ** (attempt - 2));
  return Math.max(retryAfterMs ?? 0, Math.round(random * ceiling));
}
