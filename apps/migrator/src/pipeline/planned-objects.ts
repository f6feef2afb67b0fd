import type { ObjectOrder, ObjectRecord } from "@bucketferry/ledger";
import type { StageContext } from "../stages/stage-context.ts";

/** What is to be copied, route by route, in an order within each. One page is in memory at a time. */
export async function* plannedObjects(
  { routes, ledger }: Pick<StageContext, "routes" | "ledger">,
  order: ObjectOrder,
  signal: AbortSignal,
): AsyncGenerator<ObjectRecord> {
  for (const route of routes) yield* ledger.objects.walk({ route: route.name, states: ["planned"], order, signal });
}
