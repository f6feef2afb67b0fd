import { context, propagation, SpanKind, SpanStatusCode, trace, type TextMapGetter } from "@opentelemetry/api";
import type { ObservedCall } from "@bucketferry/storage-core/layers";
import type { MiddlewareHandler } from "hono";
import type { ServiceEnv } from "../service.ts";
import { routeOf } from "./route.ts";

/**
 * Spans by the OpenTelemetry API alone. Without an SDK they cost next to nothing and go nowhere; whoever wants them loads one
 * before the service: `NODE_OPTIONS="--import @opentelemetry/auto-instrumentations-node/register"`.
 */
const tracer = trace.getTracer("@bucketferry/api");

const HEADERS: TextMapGetter<Headers> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers.keys()],
};

/** One span for each request, under the caller's own: https://opentelemetry.io/docs/specs/semconv/http/http-spans/. */
export function tracing(): MiddlewareHandler<ServiceEnv> {
  return (c, next) => {
    const { method, path } = c.req;
    const parent = propagation.extract(context.active(), c.req.raw.headers, HEADERS);
    const attributes = { "http.request.method": method, "url.path": path };
    return tracer.startActiveSpan(method, { kind: SpanKind.SERVER, attributes }, parent, async (span) => {
      try {
        await next();
        if (!span.isRecording()) return;
        const route = routeOf(c);
        if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute("http.route", route);
        span.setAttribute("http.response.status_code", c.res.status);
        if (c.res.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      } finally {
        span.end();
      }
    });
  };
}

/** A call to storage that has ended, as a span of the request (or the background work) that made it. */
export function traceStorageCall({ operation, durationMs, error }: ObservedCall): void {
  const end = Date.now();
  const span = tracer.startSpan(`storage ${operation}`, { kind: SpanKind.CLIENT, startTime: end - durationMs });
  span.setAttribute("storage.operation", operation);
  if (error !== undefined) span.setAttribute("error.type", error.code).setStatus({ code: SpanStatusCode.ERROR });
  span.end(end);
}
