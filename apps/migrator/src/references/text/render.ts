import type { ReferenceRoute, RewriteTo } from "../contract.ts";
import type { Reading } from "./occurrence.ts";

/** The text that stands for an object after the move. */
export function renderReference(route: ReferenceRoute, targetKey: string, reading: Reading, to: RewriteTo): string {
  switch (to.to) {
    case "key":
      return targetKey;
    case "app":
      return withRest(`${appPrefix(to.appBaseUrl)}${encodedPath(targetKey)}`, reading);
    case "public":
      return withRest(route.target.publicUrl(targetKey), reading);
  }
}

/** What every URL of the API's own begins with. */
export function appPrefix(appBaseUrl: string): string {
  return `${appBaseUrl.replace(/\/+$/, "")}/files/`;
}

function encodedPath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

function withRest(url: string, { query, fragment }: Reading): string {
  const withQuery = query === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${query}`;
  return fragment === "" ? withQuery : `${withQuery}#${fragment}`;
}
