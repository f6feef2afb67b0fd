import type { Route } from "@bucketferry/config";
import type { Ledger, ObjectRecord } from "@bucketferry/ledger";
import type { ObjectEntry } from "@bucketferry/storage-core";
import { listSorted } from "./list-sorted.ts";
import { lockStepPages } from "./lock-step.ts";

/** One key, and what each of the three says of it. */
export interface ThreeSides {
  readonly key: string;
  readonly targetKey: string;
  readonly source: ObjectEntry | undefined;
  readonly target: ObjectEntry | undefined;
  readonly known: ObjectRecord | undefined;
}

/** Every key that the source, the target or the ledger has, in key order, many at a time; one page of each is in memory. */
export async function* threeSides(
  route: Route,
  ledger: Ledger,
  signal: AbortSignal,
): AsyncGenerator<readonly ThreeSides[], void, undefined> {
  const pages = lockStepPages(
    listSorted(route, "source", (entry) => route.targetKey(entry.key), signal),
    listSorted(route, "target", (entry) => entry.key, signal),
    {
      name: `the ledger of route ${route.name}`,
      pages: ledger.objects.pages({ route: route.name, signal }),
      keyOf: (object: ObjectRecord) => object.targetKey,
    },
  );
  for await (const steps of pages) {
    yield steps.map(({ key: targetKey, a: source, b: target, c: known }) => ({
      key: source?.key ?? known?.key ?? targetKey,
      targetKey,
      source,
      target,
      known,
    }));
  }
}
