import { WHOLE_BODY_BYTES } from "../decide/copy-way.ts";

/** What a transfer costs in memory whatever the size of its object. */
const LEAST_BYTES = 64 * 1024;

/** Bytes that a transfer holds for itself; the parts of a large object come out of the part buffers instead. */
export function bodyMemoryOf(sizeBytes: number): number {
  return sizeBytes > WHOLE_BODY_BYTES ? LEAST_BYTES : Math.max(sizeBytes, LEAST_BYTES);
}
