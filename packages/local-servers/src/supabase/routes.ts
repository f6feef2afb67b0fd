import type { Handler } from "./exchange.ts";

/**
 * Who may call a route: `required` wants a good token; `optional` takes a bad one for none; `none` looks at no token of
 * the caller; `bare` is `required` on routes without a schema: an absent header is an empty token there, and the fields of the
 * failure come in another order.
 */
export type Access = "required" | "optional" | "none" | "bare";

export interface Route {
  readonly method: string;
  /** `:name` is one segment, a final `*` the rest of the path with its slashes. */
  readonly pattern: string;
  readonly access: Access;
  readonly handler: Handler;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The first route, in the order of the table, that fits; so fixed segments go before placeholders there. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  segments: readonly string[],
): RouteMatch | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const params = matchPattern(route.pattern, segments);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function matchPattern(pattern: string, segments: readonly string[]): Record<string, string> | undefined {
  const parts = pattern.split("/").slice(1);
  const isPrefix = parts.at(-1) === "*";
  if (isPrefix ? segments.length < parts.length : segments.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? "";
    if (part === "*") params["*"] = segments.slice(index).join("/");
    else if (part.startsWith(":")) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
