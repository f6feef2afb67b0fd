import type { Route } from "@bucketferry/config";
import { listPages, type ObjectEntry } from "@bucketferry/storage-core";
import type { Side } from "../decide/failure.ts";
import { located } from "../located-failure.ts";
import type { SortedSide } from "./lock-step.ts";
import { sortOnDisk } from "./sort-on-disk.ts";

/** All objects of one side in key order. A service that lists in an order of its own is sorted on disk first. */
export function listSorted(
  route: Route,
  side: Side,
  keyOf: (entry: ObjectEntry) => string,
  signal: AbortSignal,
): SortedSide<ObjectEntry> {
  const pages = pagesOfSide(route, side, signal);
  return {
    name: `the ${side} of route ${route.name}`,
    pages: route[side].capabilities.list.ordered ? pages : sortOnDisk(pages, signal),
    keyOf,
  };
}

async function* pagesOfSide(
  route: Route,
  side: Side,
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectEntry[], void, undefined> {
  try {
    yield* listPages(route[side], { signal });
  } catch (error) {
    throw located(route, side, error);
  }
}
