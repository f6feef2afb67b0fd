import type { Context } from "hono";

/** Whether a request's body is a file of any type, JSON too: its route reads it while it arrives, and nobody before. */
export function bringsFile({ req }: Pick<Context, "req">): boolean {
  return req.method === "PUT" && /^\/files\/.|^\/uploads\/[^/]+\/content$/.test(req.path);
}
