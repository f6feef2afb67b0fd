import type { ObjectInfo, StorageProvider } from "@bucketferry/storage-core";
import type { Digests } from "../decide/compare-copies.ts";
import type { Side } from "../decide/failure.ts";
import { PART_BYTES, rangesBetweenParts, type PartRange } from "../decide/part-plan.ts";
import { fillBuffer } from "./fill-buffer.ts";
import { heldDigests } from "./held-digests.ts";
import type { PartBuffer, PartBuffers } from "./part-buffers.ts";
import { openPinned } from "./pinned-range.ts";
import { untilFailure } from "./until-failure.ts";

export interface ReadInPartsOptions {
  readonly signal: AbortSignal;
  readonly md5: boolean;
  /** Memory for what was read and is not hashed yet; shared by everybody who reads. */
  readonly buffers: PartBuffers;
  readonly onBytes?: ((bytes: number) => void | Promise<void>) | undefined;
}

/**
 * Reads a large object in ranges of one version, as many at once as there are buffers, and hashes them in their order. One
 * connection seldom fills a long way; several read ahead while the hash waits for its turn. They are not the ranges of the copy. Buffers are handed out in the
 * order of asking, and are asked for in the order of the parts, so the part whose turn it is always has one.
 * @throws SideFailure PreconditionFailed when there is another version now
 */
export async function readInParts(
  side: Side,
  provider: StorageProvider,
  info: ObjectInfo,
  { signal, md5, buffers, onBytes }: ReadInPartsOptions,
): Promise<Digests> {
  const parts = untilFailure(signal);
  const whole = heldDigests(md5);

  const read = async (
    range: Pick<PartRange, "offset" | "length">,
    buffer: PartBuffer,
    mine: Promise<void>,
  ): Promise<void> => {
    try {
      const opened = await openPinned(provider, info, { range, into: buffer.bytes, signal: parts.signal }, side);
      await fillBuffer(side, buffer.bytes, opened);
      await mine;
      parts.signal.throwIfAborted();
      await whole.add(buffer.bytes);
      await onBytes?.(range.length);
    } finally {
      buffer.release();
    }
  };

  let mine = Promise.resolve();
  try {
    const partSizeBytes = Math.min(PART_BYTES, buffers.largestBytes);
    for (const range of rangesBetweenParts({ sizeBytes: info.size, partSizeBytes })) {
      const buffer = await buffers.take(range.length, parts.signal);
      mine = parts.begin(read(range, buffer, mine));
    }
  } catch (error) {
    parts.fail(error);
  }
  await parts.end();
  return whole.digests();
}
