import type { Capabilities } from "@bucketferry/storage-core";

/** How a large object is cut: all parts but the last have the same size, which every service takes. */
export interface PartPlan {
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
}

/** One part of an object. */
export interface PartRange {
  /** From 1. */
  readonly partNumber: number;
  readonly offset: number;
  readonly length: number;
}

const MIB = 1024 ** 2;
/** Small enough for many parts in little memory, large enough that what a request costs does not count. */
export const PART_BYTES = 8 * MIB;

/**
 * The smallest part size that is wanted, that the service takes, and that keeps the object within the service's number of
 * parts (S21): 10,000 parts of 8 MiB end at 78 GiB, so 5 TiB are cut into parts of 525 MiB. Undefined when no size does.
 */
export function partPlan(
  sizeBytes: number,
  wantedBytes: number = PART_BYTES,
  { minPartBytes, maxPartBytes, maxParts }: Exclude<Capabilities["multipart"], false>,
): PartPlan | undefined {
  const needed = Math.ceil(sizeBytes / maxParts / MIB) * MIB;
  const partSizeBytes = Math.max(Math.min(Math.max(wantedBytes, minPartBytes), maxPartBytes), needed);
  return partSizeBytes > maxPartBytes ? undefined : { sizeBytes, partSizeBytes };
}

/**
 * Ranges to read an object again in, each moved by half a part against those that it was copied in. What a service or a proxy does
 * to each answer alike, at the same place of it, then meets other bytes of the object, and is seen.
 */
export function* rangesBetweenParts({ sizeBytes, partSizeBytes }: PartPlan): Generator<Omit<PartRange, "partNumber">> {
  for (let offset = 0; offset < sizeBytes;) {
    const wanted = offset === 0 ? Math.ceil(partSizeBytes / 2) : partSizeBytes;
    const length = Math.min(wanted, sizeBytes - offset);
    yield { offset, length };
    offset += length;
  }
}

export function* partsOf({ sizeBytes, partSizeBytes }: PartPlan): Generator<PartRange> {
  let partNumber = 1;
  for (let offset = 0; offset < sizeBytes; offset += partSizeBytes) {
    yield { partNumber: partNumber++, offset, length: Math.min(partSizeBytes, sizeBytes - offset) };
  }
}
