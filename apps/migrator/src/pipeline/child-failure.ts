import type { Route } from "@bucketferry/config";
import { StorageError, type StorageErrorCode, type StorageErrorDetails } from "@bucketferry/storage-core";
import { LocatedFailure } from "../located-failure.ts";
import type { ChildFailure } from "./child-messages.ts";

/** An error as a message. */
export function packFailure(error: unknown): ChildFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof LocatedFailure)) return { message, located: undefined };
  const { routeName: route, side, failure } = error;
  return { message, located: { route, side, error: failure.toJSON() } };
}

/** The error that a message was. */
export function unpackFailure({ message, located }: ChildFailure, routes: readonly Route[]): Error {
  const route = routes.find(({ name }) => name === located?.route);
  if (located === undefined || route === undefined) return new Error(message);
  const {
    code,
    message: text,
    ...details
  } = located.error as unknown as StorageErrorDetails & {
    readonly code: StorageErrorCode;
    readonly message: string;
  };
  return new LocatedFailure(route, located.side, new StorageError(code, text, details));
}
