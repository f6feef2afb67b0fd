import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { isLoopback } from "../config/service-config.ts";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { onEveryAnswer } from "./every-answer.ts";
import { bringsJson } from "./file-request.ts";

/**
 * Without credentials the only protection is that the service listens on loopback. A page of some website gets past that:
 * by a name that is made to point to 127.0.0.1, but not past the Host header that its browser sends then; or with a form,
 * which needs no leave by CORS, but not past its Origin.
 */
export function loopbackOnly({ config }: Service): MiddlewareHandler<ServiceEnv> {
  if (config.auth.mode !== "development") return (_context, next) => next();
  const isWelcome = (origin: string): boolean =>
    config.corsOrigins.includes("*") ||
    config.corsOrigins.includes(origin) ||
    (URL.canParse(origin) && isLoopback(new URL(origin).hostname));
  return (context, next) => {
    if (!isLoopback(new URL(context.req.url).hostname)) {
      throw new Problem("MisdirectedRequest", "Without credentials the service answers to loopback names only.");
    }
    const origin = context.req.header("origin");
    if (origin !== undefined && !isWelcome(origin)) {
      throw new Problem(
        "Forbidden",
        "Without credentials only pages on loopback and those in CORS_ORIGINS are answered.",
      );
    }
    return next();
  };
}

/**
 * What a browser may do with an answer: https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html. Hono's
 * middleware for it adds more, for browsers that are gone, and to the finished answer.
 */
export function securityHeaders({ config }: Service): MiddlewareHandler<ServiceEnv> {
  const headers = Object.entries({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=15552000; includeSubDomains",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": config.corsOrigins.length > 0 ? "cross-origin" : "same-origin",
  });
  return (context, next) => {
    for (const [name, value] of headers) onEveryAnswer(context, name, value);
    return next();
  };
}

/**
 * Says so when a connection will not be used again: an instance that is draining sends its clients elsewhere, and behind an
 * answer to half a request the other half may still come.
 */
export function closeWhenOver({ isDraining }: Service): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    await next();
    if (isDraining() || context.env?.incoming?.complete === false) context.header("connection", "close");
  };
}

/** JSON is read as a whole, so it has to be small. */
const MAX_JSON_BYTES = 256 * 1024;

/** Bodies that are files have limits of their own where they are read. */
export function smallJson(): MiddlewareHandler<ServiceEnv> {
  const limited = bodyLimit({
    maxSize: MAX_JSON_BYTES,
    onError: () => {
      throw new Problem("TooLarge", `JSON of more than ${MAX_JSON_BYTES} bytes is not read.`);
    },
  });
  return (context, next) => (bringsJson(context) ? limited(context, next) : next());
}
