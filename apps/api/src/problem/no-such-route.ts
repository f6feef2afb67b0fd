import type { Hono, NotFoundHandler } from "hono";
import type { ServiceEnv } from "../service.ts";
import { Problem, problemResponse } from "./problem.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/**
 * What no route answers. A path that has other methods is 405 with those (RFC 9110 §15.5.6), and OPTIONS asks for them
 * (§9.3.7); what has none is 404.
 */
export function noSuchRoute(root: Hono<ServiceEnv>): NotFoundHandler<ServiceEnv> {
  return ({ req, get }) => {
    const methods = methodsOf(root, req.path);
    const headers = { allow: methods.join(", ") };
    if (methods.length > 0 && req.method === "OPTIONS") return new Response(null, { status: 204, headers });
    const problem =
      methods.length === 0 ? new Problem("NotFound") : new Problem("MethodNotAllowed", undefined, { headers });
    return problemResponse(problem, get("requestId"));
  };
}

/** Empty for a path that no route has. Where GET is, HEAD is too. */
function methodsOf({ router }: Hono<ServiceEnv>, path: string): readonly string[] {
  const own = METHODS.filter((method) => router.match(method, path)[0].some(([[, route]]) => route.method === method));
  if (own.length === 0) return [];
  return [...own.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"];
}
