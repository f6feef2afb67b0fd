import type { ObjectRecord } from "@bucketferry/ledger";
import type { StageContext } from "../stages/stage-context.ts";

/** What is to be copied, route by route. One page is in memory at a time. */
export async function* plannedObjects(
  { routes, ledger }: Pick<StageContext, "routes" | "ledger">,
  signal: AbortSignal,
): AsyncGenerator<ObjectRecord> {
  for (const route of routes) yield* ledger.objects.walk({ route: route.name, states: ["planned"], signal });
}
