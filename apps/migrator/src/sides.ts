import { openRoute, type Config, type Route } from "@bucketferry/config";
import type { StorageProvider } from "@bucketferry/storage-core";
import { observe, retry, takeTurns, timeout, withLayers, type ObservedCall } from "@bucketferry/storage-core/layers";
import { hostLimits, type HostLimits } from "./pipeline/host-limits.ts";
import { requestsFor } from "./pipeline/throttle.ts";

export interface SidesOptions {
  /** Told of every request when it is over, retries included. */
  readonly onCall: (side: "source" | "target", route: string, call: ObservedCall) => void;
  /** Whoever changes the limits keeps them; default: those of the configuration. */
  readonly hosts?: HostLimits | undefined;
}

/** The limits that a configuration begins with. */
export function hostLimitsOf(config: Config): HostLimits {
  return hostLimits(requestsFor(config.copy.concurrency));
}

/** Opens both sides of every route with what a long run needs around them: reports, retries, a limit, deadlines. */
export function openSides(config: Config, { onCall, hosts = hostLimitsOf(config) }: SidesOptions): Route[] {
  const { maxAttempts, timeoutMs } = config.copy;
  return config.routes.map((routeConfig) => {
    const route = openRoute(routeConfig);
    // Each side has its own turns, by the limit of its host: with one queue for both, gets could hold every place while their
    // puts wait for one.
    const layered = (side: "source" | "target"): StorageProvider =>
      withLayers(route[side], [
        observe({ onCall: (call) => onCall(side, route.name, call) }),
        retry({ maxAttempts }),
        takeTurns(hosts.turnsOf(hostOf(route[side]))),
        timeout({ timeoutMs, idleMs: timeoutMs }),
      ]);
    return { ...route, source: layered("source"), target: layered("target") };
  });
}

/** Services say which hosts are theirs; what has none, such as a directory, is a place of its own. */
function hostOf({ urlHosts, name, bucket }: StorageProvider): string {
  return urlHosts[0] ?? `${name}:${bucket}`;
}
