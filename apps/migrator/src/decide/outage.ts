import type { StorageErrorCode } from "@bucketferry/storage-core";
import type { Side } from "./failure.ts";

/** Failures of whole objects in a row, without one that went well in between. */
export interface Streak {
  readonly side: Side | undefined;
  readonly code: StorageErrorCode | undefined;
  readonly length: number;
}

export const NO_STREAK: Streak = { side: undefined, code: undefined, length: 0 };

export function extendStreak(streak: Streak, side: Side, code: StorageErrorCode): Streak {
  return streak.side === side && streak.code === code
    ? { ...streak, length: streak.length + 1 }
    : { side, code, length: 1 };
}

const AWAY: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "RateLimited"]);

/**
 * One object that fails is the object's trouble; object after object with the same code is the service's.
 *
 * - `pause`: it is away; wait for it instead of failing everything that is left.
 * - `stop`: it refuses everything; waiting does not help.
 */
export function judgeStreak(streak: Streak, concurrency: number): "go-on" | "pause" | "stop" {
  if (streak.code === undefined) return "go-on";
  if (AWAY.has(streak.code)) return streak.length >= Math.max(4, concurrency) ? "pause" : "go-on";
  return streak.code === "PermissionDenied" && streak.length >= Math.max(20, 2 * concurrency) ? "stop" : "go-on";
}
