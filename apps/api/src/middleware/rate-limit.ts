import type { Context } from "hono";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../auth/caller.ts";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { clientAddress } from "./client-address.ts";
import { onEveryAnswer } from "./every-answer.ts";

const WINDOW_SECONDS = 60;

/** @throws Problem TooManyRequests when the caller has used up what it has */
type CountCall = (context: Context<ServiceEnv>, caller: Caller) => Promise<void>;

/**
 * So many requests a minute for each caller, or each address where there is none; per instance. The headers are those of
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
 */
export function rateLimit({ config }: Service): CountCall {
  const points = config.rateLimitPerMinute;
  if (points === 0) return () => Promise.resolve();
  const limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
  const policy = `"minute";q=${points};w=${WINDOW_SECONDS}`;
  return async (context, caller) => {
    const who = caller.role === "anon" ? clientAddress(context, config.trustedProxies) : caller.id;
    let state: RateLimiterRes;
    try {
      state = await limiter.consume(`${caller.role}:${who}`);
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
  };
}
