import type { MiddlewareHandler } from "hono";
import type { Service, ServiceEnv } from "../service.ts";

/** Finds out who calls. What the caller may do is each route's own decision. */
export function authentication({ authenticate }: Service): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    context.set("caller", await authenticate(context.req.raw.headers));
    await next();
  };
}
