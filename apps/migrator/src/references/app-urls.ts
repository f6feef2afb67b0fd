import { keyCandidates } from "@bucketferry/storage-core/provider";
import type { ReferenceRoute, RewriteTo } from "./contract.ts";
import { appPrefix } from "./text/render.ts";

/** When references become URLs of the API, those are the target's form, and are recognised as such. */
export function readingAppUrls<Route extends ReferenceRoute>(route: Route, to: RewriteTo): ReferenceRoute {
  if (to.to !== "app") return route;
  const prefix = appPrefix(to.appBaseUrl);
  const { host } = new URL(prefix);
  const { target } = route;
  return {
    name: route.name,
    source: route.source,
    targetKey: (key) => route.targetKey(key),
    target: {
      name: target.name,
      bucket: target.bucket,
      urlHosts: [...target.urlHosts, host],
      publicUrl: (key, options) => target.publicUrl(key, options),
      parseUrl(url) {
        if (!url.startsWith(prefix)) return target.parseUrl(url);
        const [, path = "", query = "", fragment = ""] =
          /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(url.slice(prefix.length)) ?? [];
        const [key] = keyCandidates(path, "");
        if (key === undefined) return undefined;
        return { bucket: target.bucket, key, kind: "path", candidates: [key], query, fragment };
      },
    },
  };
}
