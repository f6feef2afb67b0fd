import { encodeKeyPath } from "@bucketferry/storage-core/provider";
import type { ReferenceRoute, RewriteTo } from "../contract.ts";

/** The text that stands for an object after the move, without query and fragment: those are the old text's own. */
export function renderReference(route: ReferenceRoute, targetKey: string, to: RewriteTo): string {
  switch (to.to) {
    case "key":
      return targetKey;
    case "app":
      return `${appPrefix(to.appBaseUrl)}${encodeKeyPath(targetKey)}`;
    case "public":
      return route.target.publicUrl(targetKey);
  }
}

/** What every URL of the API's own begins with. */
export function appPrefix(appBaseUrl: string): string {
  return `${appBaseUrl.replace(/\/+$/, "")}/files/`;
}
