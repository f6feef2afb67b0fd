/** Every state that an object can be in, in the order in which people want to read them. */
export const OBJECT_STATES = ["planned", "copied", "verified", "failed", "vanished", "skipped"] as const;

/**
 * - `planned`: the target lacks it; the reason says what the copier may expect there.
 * - `copied`: the target has acknowledged the bytes whose SHA-256 is recorded.
 * - `verified`: there is evidence that the target holds these bytes.
 * - `failed`: given up for now, with code and message.
 * - `vanished`: the source no longer has it.
 * - `skipped`: left out on purpose.
 */
export type ObjectState = (typeof OBJECT_STATES)[number];

/**
 * Which state may follow which. A state that follows itself is recorded again with other facts: another attempt, a newer
 * plan, fresher evidence.
 */
export const TRANSITIONS: Readonly<Record<ObjectState | "new", readonly ObjectState[]>> = {
  new: ["planned", "failed", "skipped"],
  planned: ["planned", "copied", "failed", "vanished", "skipped"],
  // Back to planned: the source changed, or the target lost or replaced the copy.
  copied: ["copied", "verified", "planned", "failed", "vanished", "skipped"],
  verified: ["verified", "planned", "failed", "vanished", "skipped"],
  failed: ["failed", "planned", "vanished", "skipped"],
  // It came back under the same key.
  vanished: ["vanished", "planned", "failed", "skipped"],
  skipped: ["skipped", "planned", "failed", "vanished"],
};

/** Only what was copied can be verified, and nothing is copied without a plan. */
export function isLegalTransition(from: ObjectState | undefined, to: ObjectState): boolean {
  return TRANSITIONS[from ?? "new"].includes(to);
}
