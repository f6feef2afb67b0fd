import type { Context } from "hono";
import type { Service, ServiceEnv } from "../service.ts";
import { contentDisposition } from "./object-headers.ts";
import { serveObject } from "./serve-object.ts";

/** Objects of users are their own business: a cache between may not keep them, and asks again each time. */
const PRIVATE_CACHE = "private, no-cache";
const PUBLIC_CACHE = "public, max-age=3600";

export interface DeliverOptions {
  readonly key: string;
  readonly isPublic: boolean;
}

/** Gives an object to a client: its bytes through this service, or the way to storage, as configured. */
export async function deliverObject(
  context: Context<ServiceEnv>,
  { config, storage, metrics, log }: Service,
  { key, isPublic }: DeliverOptions,
): Promise<Response> {
  const download = context.req.query("download");
  // A signature is for one method: HEAD with one of GET is refused.
  const method = context.req.method === "HEAD" ? "HEAD" : "GET";
  const { presign } = storage.capabilities;
  if (config.downloads === "redirect" && (method === "HEAD" ? presign.head : presign.get)) {
    const { url } = await storage.presign({
      method,
      key,
      expiresInSeconds: config.linkExpirySeconds,
      ...(download !== undefined && presign.responseOverrides
        ? { responseContentDisposition: contentDisposition("attachment", download || fileName(key)) }
        : {}),
      signal: context.req.raw.signal,
    });
    // The method stays (RFC 9110 §15.4.8), and nobody may keep an answer that expires.
    return new Response(null, { status: 307, headers: { location: url, "cache-control": "no-store" } });
  }
  return serveObject({
    storage,
    key,
    request: context.req.raw,
    cacheControl: isPublic ? PUBLIC_CACHE : PRIVATE_CACHE,
    download: download === undefined ? undefined : download || fileName(key),
    onBytes: (bytes) => metrics.storedBytes("out", bytes),
    breakOff(reason) {
      const requestId = context.get("requestId");
      if (!context.req.raw.signal.aborted) log.error({ requestId, key, err: reason }, "a download broke off");
      context.env?.outgoing?.destroy();
    },
  });
}

function fileName(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
