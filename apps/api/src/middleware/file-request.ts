import type { Context } from "hono";

/** Whether a request's body is JSON that is read as a whole. Names of types have no case: RFC 9110 §8.3.1. */
export function bringsJson(context: Pick<Context, "req">): boolean {
  const type = context.req.header("content-type") ?? "";
  return /^application\/([\w.+-]+\+)?json\b/i.test(type) && !bringsFile(context);
}

/** Whether a request's body is a file of any type, JSON too: its route reads it while it arrives, and nobody before. */
function bringsFile({ req }: Pick<Context, "req">): boolean {
  return req.method === "PUT" && /^\/files\/.|^\/uploads\/[^/]+\/content$/.test(req.path);
}
