import type { PresignedRequest, StorageProvider } from "@bucketferry/storage-core";
import type { Service } from "../service.ts";

/** The request by which a client brings the bytes. */
export type ClientUploadRequest = Pick<PresignedRequest, "method" | "url" | "headers" | "fields">;

export interface UploadRequestOptions {
  readonly id: string;
  readonly method: "PUT" | "POST";
  /** Where the bytes go. */
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly expiresInSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * A request straight to storage, where storage binds it to type and size; else one to this service that does. What storage
 * would let anybody fill with other content is not handed out.
 */
export async function uploadRequest(service: Service, options: UploadRequestOptions): Promise<ClientUploadRequest> {
  const { storage, links, publicUrl } = service;
  const { id, method, key, contentType, sizeBytes, expiresInSeconds, signal } = options;
  if (canSign(storage, method) && expiresInSeconds <= storage.capabilities.presign.maxExpirySeconds) {
    const { url, headers, fields } = await storage.presign({
      method,
      key,
      expiresInSeconds,
      contentType,
      ...(method === "PUT" ? { contentLength: sizeBytes } : { maxSizeBytes: sizeBytes }),
      signal,
    });
    return { method, url, headers, ...(fields === undefined ? {} : { fields }) };
  }
  const { token } = links.sign(uploadResource(id), expiresInSeconds);
  const headers: Record<string, string> = method === "PUT" ? { "content-type": contentType } : {};
  return { method, url: `${publicUrl()}/uploads/${id}/content?token=${token}`, headers };
}

/** What the token of an upload to this service is bound to. */
export function uploadResource(id: string): string {
  return `upload:${id}`;
}

/** Whether uploads may go straight to storage. */
export function isSigned(storage: StorageProvider): boolean {
  return canSign(storage, "PUT") || canSign(storage, "POST");
}

function canSign({ capabilities: { presign } }: StorageProvider, method: "PUT" | "POST"): boolean {
  const offered = method === "PUT" ? presign.put : presign.post;
  return offered && presign.bindsLength && presign.bindsType && presign.uploadExpiry;
}
