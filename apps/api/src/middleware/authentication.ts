import type { MiddlewareHandler } from "hono";
import { ANONYMOUS, type Caller } from "../auth/caller.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { rateLimit } from "./rate-limit.ts";

/** Finds out who calls, and counts the call. What the caller may do is each route's own decision. */
export function authentication(service: Service): MiddlewareHandler<ServiceEnv> {
  const count = rateLimit(service);
  return async (context, next) => {
    let caller: Caller;
    try {
      caller = await service.authenticate(context.req.raw.headers);
    } catch (error) {
      // Whoever tries credentials out is nobody, and counted by address.
      await count(context, ANONYMOUS);
      throw error;
    }
    await count(context, caller);
    context.set("caller", caller);
    return next();
  };
}
