import type { ByteRange } from "../contract/provider.ts";

/**
 * The bytes that a range means in an object of `size` bytes; undefined when there are none (`InvalidRange`).
 * For drivers that cut ranges themselves.
 */
export function servedRange(
  range: ByteRange | undefined,
  size: number,
): { readonly offset: number; readonly length: number } | undefined {
  if (range === undefined) return { offset: 0, length: size };
  if (size === 0) return undefined;
  if ("suffix" in range) {
    const length = Math.min(range.suffix, size);
    return { offset: size - length, length };
  }
  if (range.offset >= size) return undefined;
  return { offset: range.offset, length: Math.min(range.length ?? size, size - range.offset) };
}
