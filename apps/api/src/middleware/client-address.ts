import type { Context } from "hono";
import type { ServiceEnv } from "../service.ts";

/**
 * The address that a request came from. Each trusted proxy has appended to X-Forwarded-For whom it heard; what stands left of
 * those entries may be anybody's invention.
 */
export function clientAddress(context: Context<ServiceEnv>, trustedProxies: number): string {
  const peer = context.env?.incoming?.socket.remoteAddress ?? "unknown";
  if (trustedProxies === 0) return peer;
  const forwarded = (context.req.header("x-forwarded-for") ?? "").split(",").map((entry) => entry.trim());
  return forwarded.at(-trustedProxies) || peer;
}
