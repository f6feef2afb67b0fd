import type { MiddlewareHandler } from "hono";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { clientAddress } from "./client-address.ts";
import { onEveryAnswer } from "./every-answer.ts";

const WINDOW_SECONDS = 60;

/**
 * So many requests a minute for each caller, or each address where there is none; per instance. The headers are those of
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
 */
export function rateLimit({ config }: Service): MiddlewareHandler<ServiceEnv> {
  const points = config.rateLimitPerMinute;
  if (points === 0) return (_context, next) => next();
  const limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
  const policy = `"minute";q=${points};w=${WINDOW_SECONDS}`;
  return async (context, next) => {
    const caller = context.get("caller");
    const who = caller.role === "anon" ? `ip:${clientAddress(context, config.trustedProxies)}` : `id:${caller.id}`;
    let state: RateLimiterRes;
    try {
      state = await limiter.consume(who);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new Problem("TooManyRequests", `At most ${points} requests a minute.`, {
        headers: { "retry-after": String(Math.ceil(error.msBeforeNext / 1000)), "ratelimit-policy": policy },
      });
    }
    onEveryAnswer(context, "ratelimit-policy", policy);
    onEveryAnswer(
      context,
      "ratelimit",
      `"minute";r=${state.remainingPoints};t=${Math.ceil(state.msBeforeNext / 1000)}`,
    );
    return next();
  };
}
