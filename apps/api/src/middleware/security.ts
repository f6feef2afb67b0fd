import type { MiddlewareHandler } from "hono";
import { isLoopback } from "../config/service-config.ts";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";

/**
 * Without credentials the only protection is that the service listens on loopback. A page of some website whose name is made
 * to point to 127.0.0.1 would get past that, but not past the Host header that it sends.
 */
export function loopbackHostsOnly({ config }: Service): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    if (config.auth.mode === "development") {
      const host = new URL(context.req.url).hostname;
      if (!isLoopback(host)) {
        throw new Problem("MisdirectedRequest", "Without credentials the service answers to loopback names only.");
      }
    }
    await next();
  };
}

/** A draining instance answers what it has begun, and tells its clients to go elsewhere afterwards. */
export function closeWhileDraining({ isDraining }: Service): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    await next();
    if (isDraining()) context.header("connection", "close");
  };
}
