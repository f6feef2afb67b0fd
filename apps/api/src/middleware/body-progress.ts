import type { MiddlewareHandler } from "hono";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { LEAST_BYTES_PER_SECOND } from "../uploads/request-body.ts";

/**
 * Gives up a request whose body does not come. Files have a finer rule where they are read; JSON, and what the tus server
 * reads, would be waited for without end.
 * @throws Problem RequestTimeout
 */
export function bodyProgress({ config }: Service): MiddlewareHandler<ServiceEnv> {
  const { bodyIdleMs } = config;
  const leastBytes = (LEAST_BYTES_PER_SECOND * bodyIdleMs) / 1000;
  return async (context, next) => {
    const incoming = context.env?.incoming;
    const { method } = context.req;
    if (incoming === undefined || method === "GET" || method === "HEAD") return next();
    const stalled = Promise.withResolvers<never>();
    let seen = incoming.socket.bytesRead;
    const timer = setInterval(() => {
      if (incoming.complete) return clearInterval(timer);
      const came = incoming.socket.bytesRead - seen;
      seen += came;
      // With bytes that wait to be read it is not the client who is slow.
      if (came >= leastBytes || incoming.readableLength > 0) return;
      const headers = { connection: "close" };
      stalled.reject(new Problem("RequestTimeout", `The body brought too little in ${bodyIdleMs} ms.`, { headers }));
    }, bodyIdleMs);
    try {
      await Promise.race([next(), stalled.promise]);
    } finally {
      clearInterval(timer);
    }
  };
}
