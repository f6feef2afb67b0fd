import type { Ledger, ObjectRecord } from "@bucketferry/ledger";
import type { ObjectEntry } from "@bucketferry/storage-core";
import type { Route } from "@bucketferry/config";
import { listSorted } from "./list-sorted.ts";
import { lockStep } from "./lock-step.ts";

/** An object on record beside what the target lists under its key. */
export interface ListedCopy {
  readonly object: ObjectRecord;
  readonly listed: ObjectEntry | undefined;
}

/** Every object on record with its entry in the target's listing, in key order. */
export async function* recordedAgainstTarget(
  route: Route,
  ledger: Ledger,
  signal: AbortSignal,
): AsyncGenerator<ListedCopy> {
  const steps = lockStep(
    {
      name: `the ledger of route ${route.name}`,
      pages: ledger.objects.pages({ route: route.name, signal }),
      keyOf: (object: ObjectRecord) => object.targetKey,
    },
    listSorted(route, "target", (entry) => entry.key, signal),
  );
  for await (const { a: object, b: listed } of steps) {
    if (object !== undefined) yield { object, listed };
  }
}
