import type { Context } from "hono";
import { matchedRoutes } from "hono/route";

/**
 * The route of a request as metrics, traces and the log name it: the last pattern that is not a middleware's, without what its
 * parameters may hold. Undefined where nothing answered: paths themselves would be a label for each object.
 */
export function routeOf(context: Context): string | undefined {
  const path = matchedRoutes(context).findLast((one) => one.path !== "/*")?.path;
  return path?.replaceAll(/(:\w+)\{.*?\}/g, "$1");
}
