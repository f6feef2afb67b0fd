import type { Capabilities } from "@bucketferry/storage-core";

/** Largest body that is held in memory as a whole. */
export const WHOLE_BODY_BYTES = 8 * 1024 * 1024;

/**
 * - `whole`: one GET, one PUT, the body in memory.
 * - `parts`: ranges of the source become parts of an upload; what arrived is not sent again after a crash.
 * - `streamed`: one body flows from side to side, and begins anew when it breaks.
 */
export type CopyWay = "whole" | "parts" | "streamed";

/**
 * Parts beat one streamed PUT even where a PUT would hold the object. Each part carries a checksum that the target verifies
 * before it stores the part; a stream's hash is known only after its last byte, so it would have to be compared afterwards by
 * an MD5, which costs more than twice as much. Parts travel side by side, and survive a crash. A stream is left for sources
 * without ranges and targets without uploads in parts.
 */
export function copyWayOf(
  sizeBytes: number,
  source: Pick<Capabilities, "range">,
  target: Pick<Capabilities, "multipart">,
): CopyWay {
  if (sizeBytes <= WHOLE_BODY_BYTES) return "whole";
  return source.range.bounded && target.multipart !== false ? "parts" : "streamed";
}
