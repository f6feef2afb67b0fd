import type { Route } from "@bucketferry/config";
import { isStorageError, type StorageError } from "@bucketferry/storage-core";
import type { Side } from "./decide/failure.ts";

/** A storage error that ends a command, with the place it came from: the error itself knows neither route nor side. */
export class LocatedFailure extends Error {
  override readonly name = "LocatedFailure";
  readonly routeName: string;
  readonly side: Side;
  readonly failure: StorageError;

  constructor(route: Pick<Route, "name" | Side>, side: Side, failure: StorageError) {
    super(`The ${side} of route ${route.name} (bucket ${route[side].bucket}): ${failure.message}`, { cause: failure });
    this.routeName = route.name;
    this.side = side;
    this.failure = failure;
  }
}

/** The same error with its place, where it is a storage error. */
export function located(route: Pick<Route, "name" | Side>, side: Side, error: unknown): unknown {
  return isStorageError(error) ? new LocatedFailure(route, side, error) : error;
}
