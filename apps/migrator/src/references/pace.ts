import { setTimeout as sleep } from "node:timers/promises";
import type { Dialect } from "./database/dialect.ts";
import type { PaceOptions } from "./pace-options.ts";

/** Asking costs a query, and lag does not change faster. */
const LAG_EVERY_MS = 1_000;

export interface Pace {
  /** Before so many rows are written; resolves when they may be. */
  next(rows: number, signal: AbortSignal): Promise<void>;
}

/** Keeps writes below a rate, and pauses while replicas are behind (D3). */
export function pace(dialect: Pick<Dialect, "replicaLagMs">, { rowsPerSecond, maxReplicaLagMs }: PaceOptions): Pace {
  let freeAtMs = performance.now();
  let askedMs = Number.NEGATIVE_INFINITY;
  return {
    async next(rows, signal) {
      if (rowsPerSecond !== undefined) {
        const waitMs = freeAtMs - performance.now();
        if (waitMs > 0) await sleep(waitMs, undefined, { signal });
        freeAtMs = Math.max(freeAtMs, performance.now()) + (rows / rowsPerSecond) * 1_000;
      }
      if (maxReplicaLagMs === undefined || performance.now() - askedMs < LAG_EVERY_MS) return;
      while (((await dialect.replicaLagMs()) ?? 0) > maxReplicaLagMs) {
        await sleep(LAG_EVERY_MS, undefined, { signal });
      }
      askedMs = performance.now();
    },
  };
}
