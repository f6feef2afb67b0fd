import { encodeKeyPath } from "@bucketferry/storage-core/provider";
import type { Service } from "../service.ts";

/** A URL that opens one object without credentials: storage's own where downloads go there, else this service's. */
export async function objectLink(
  { config, storage, links, publicUrl }: Service,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly expiresAt: Date }> {
  const expiresInSeconds = config.linkExpirySeconds;
  if (config.downloads === "redirect" && storage.capabilities.presign.get) {
    return storage.presign({ method: "GET", key, expiresInSeconds, signal });
  }
  const { token, expiresAt } = links.sign(fileResource(key), expiresInSeconds);
  return { url: `${publicUrl()}/files/${encodeKeyPath(key)}?token=${token}`, expiresAt };
}

/** What a link's token is bound to. */
export function fileResource(key: string): string {
  return `file:${key}`;
}
