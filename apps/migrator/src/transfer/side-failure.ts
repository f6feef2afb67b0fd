import { isStorageError, type StorageError } from "@bucketferry/storage-core";
import type { Side } from "../decide/failure.ts";

/** A storage error together with the side it came from: the same code means other things on the two sides. */
export class SideFailure extends Error {
  override readonly name = "SideFailure";
  readonly side: Side;
  readonly failure: StorageError;

  constructor(side: Side, failure: StorageError) {
    super(failure.message, { cause: failure });
    this.side = side;
    this.failure = failure;
  }
}

/** Awaits a call to one side and says whose failure a failure is. One that is attributed already keeps its side. */
export async function at<T>(side: Side, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw attribute(side, error);
  }
}

export function attribute(side: Side, error: unknown): unknown {
  const inner = sideFailureIn(error);
  if (inner !== undefined) return inner;
  return isStorageError(error) ? new SideFailure(side, error) : error;
}

/** A body that breaks while it is sent comes back as the cause of the put that was sending it. */
function sideFailureIn(error: unknown): SideFailure | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth++) {
    if (current instanceof SideFailure) return current;
  }
  return undefined;
}
