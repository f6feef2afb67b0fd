import { openRoute, type Config, type Route } from "@bucketferry/config";
import type { StorageProvider } from "@bucketferry/storage-core";
import { limit, observe, retry, timeout, withLayers, type ObservedCall } from "@bucketferry/storage-core/layers";

export interface SidesOptions {
  /** Told of every request when it is over, retries included. */
  readonly onCall: (side: "source" | "target", route: string, call: ObservedCall) => void;
}

/** Opens both sides of every route with what a long run needs around them: reports, retries, a limit, deadlines. */
export function openSides(config: Config, { onCall }: SidesOptions): Route[] {
  const { concurrency, maxAttempts, timeoutMs } = config.copy;
  return config.routes.map((routeConfig) => {
    const route = openRoute(routeConfig);
    // Each side has its own limit: with one for both, gets could hold every place while their puts wait for one. Two more
    // than there are transfers, for the listings that go on beside them.
    const layered = (side: "source" | "target"): StorageProvider =>
      withLayers(route[side], [
        observe({ onCall: (call) => onCall(side, route.name, call) }),
        retry({ maxAttempts }),
        limit({ concurrency: concurrency + 2 }),
        timeout({ timeoutMs, idleMs: timeoutMs }),
      ]);
    return { ...route, source: layered("source"), target: layered("target") };
  });
}
