/** How a body is cut: what a service takes, and what we want to hold in memory. */
export interface PartLimits {
  readonly minPartBytes: number;
  readonly maxPartBytes: number;
  readonly maxParts: number;
  /** All parts but the last must have the same size. */
  readonly equalParts: boolean;
}

export interface PartPlan {
  /** In bytes, of the part with this number, counted from 1. */
  readonly sizeOf: (partNumber: number) => number;
  /** How many parts of this size to send at once, so that memory stays what was asked for. */
  readonly concurrencyAt: (partNumber: number) => number;
}

const MIB = 1024 ** 2;
/** A body of unknown length doubles its parts after so many of them. */
const PARTS_BEFORE_DOUBLING = 1000;

/**
 * Part sizes for a body of `length` bytes (undefined: unknown). They are never smaller than asked for, and grow where the
 * service's number of parts would else not do: with 10,000 parts of 8 MiB a body could not pass 78 GiB.
 */
export function partPlan(
  length: number | undefined,
  wanted: { readonly partSizeBytes: number; readonly concurrency: number },
  limits: PartLimits,
): PartPlan {
  const { minPartBytes, maxPartBytes, maxParts, equalParts } = limits;
  const smallest = Math.max(wanted.partSizeBytes, minPartBytes);
  const needed = length === undefined ? 0 : Math.ceil(length / maxParts / MIB) * MIB;
  const base = Math.min(maxPartBytes, Math.max(smallest, needed));
  const grows = length === undefined && !equalParts;
  const sizeOf = (partNumber: number) =>
    grows ? Math.min(maxPartBytes, base * 2 ** Math.floor((partNumber - 1) / PARTS_BEFORE_DOUBLING)) : base;
  const budget = wanted.concurrency * smallest;
  return {
    sizeOf,
    concurrencyAt: (partNumber) => Math.max(1, Math.min(wanted.concurrency, Math.floor(budget / sizeOf(partNumber)))),
  };
}
