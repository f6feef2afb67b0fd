import type { Route } from "@bucketferry/config";
import type { ObjectEntry } from "@bucketferry/storage-core";
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
  const entries = objectsOf(route, side, signal);
  return {
    name: `the ${side} of route ${route.name}`,
    items: route[side].capabilities.list.ordered ? entries : sortOnDisk(entries, signal),
    keyOf,
  };
}

async function* objectsOf(route: Route, side: Side, signal: AbortSignal): AsyncGenerator<ObjectEntry> {
  try {
    for await (const entry of route[side].list({ signal })) {
      if (entry.type === "object") yield entry;
    }
  } catch (error) {
    throw located(route, side, error);
  }
}
