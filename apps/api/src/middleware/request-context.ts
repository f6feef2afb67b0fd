import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { routeOf } from "../observability/route.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { onEveryAnswer } from "./every-answer.ts";

const ID = /^[\w.:-]{1,128}$/;

/** Gives each request an id, and one log line and one measurement at its end. */
export function requestContext({ log, metrics }: Service): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    const given = context.req.header("x-request-id");
    const requestId = given !== undefined && ID.test(given) ? given : randomUUID();
    const start = performance.now();
    context.set("requestId", requestId);
    onEveryAnswer(context, "x-request-id", requestId);
    metrics.requestsUnderWay(1);
    try {
      await next();
    } finally {
      metrics.requestsUnderWay(-1);
    }
    const ms = performance.now() - start;
    const { method } = context.req;
    const { status } = context.res;
    const route = routeOf(context) ?? "none";
    metrics.request({ method, route, status }, ms / 1000);
    // The path without its query: that may hold a token.
    log.info({ requestId, method, path: context.req.path, route, status, ms: Math.round(ms) }, "request");
  };
}
