import type { PresignedRequest, PresignOptions } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import { isRecord } from "./object-record.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { tokenClaims, tokenExpiry } from "./token-claims.ts";

/** A hundred years; the service takes it, and refuses numbers that are absurd. */
export const MAX_EXPIRY_SECONDS = 3_153_600_000;

/**
 * Signed by the service, so it costs a request, and a key that is missing is refused here and not when the URL is used.
 * The lifetime of a signed upload is fixed by the service: `expiresAt` tells it.
 */
export function presign(context: SupabaseContext, request: PresignOptions): Promise<PresignedRequest> {
  return request.method === "PUT" ? presignUpload(context, request) : presignDownload(context, request);
}

/** The route for many keys takes them in its body, exactly; the one for a single key garbles `+ & = ; : @ , $ ?`. */
async function presignDownload(
  context: SupabaseContext,
  { method, key, expiresInSeconds, signal }: PresignOptions,
): Promise<PresignedRequest> {
  const { transport, paths, presence } = context;
  const { json } = await transport.json({
    method: "POST",
    path: paths.signMany,
    payload: { expiresIn: expiresInSeconds, paths: [key] },
    signal,
  });
  const item: unknown = Array.isArray(json) ? json[0] : undefined;
  const signedUrl = isRecord(item) ? item["signedURL"] : undefined;
  if (typeof signedUrl !== "string") {
    await presence.demand(signal);
    throw new StorageError(
      "NotFound",
      "there is no such object, or this key may not see it; only what is there can be signed",
    );
  }
  presence.seen();
  const token = /[?&]token=([^&#]+)$/.exec(signedUrl)?.[1];
  return signedRequest(context, method, key, token, (text) => paths.signed(key, text));
}

async function presignUpload(context: SupabaseContext, { key, signal }: PresignOptions): Promise<PresignedRequest> {
  const { transport, paths } = context;
  const { json } = await transport.json({
    method: "POST",
    path: paths.signUpload(key),
    headers: { "x-upsert": "true" },
    payload: {},
    signal,
  });
  const token = isRecord(json) && typeof json["token"] === "string" ? json["token"] : undefined;
  return signedRequest(context, "PUT", key, token, (text) => paths.signedUpload(key, text));
}

function signedRequest(
  { endpoint }: SupabaseContext,
  method: PresignedRequest["method"],
  key: string,
  token: string | undefined,
  pathWith: (token: string) => string,
): PresignedRequest {
  const claims = token === undefined ? undefined : tokenClaims(token);
  if (token === undefined || claims === undefined) {
    throw new StorageError("Unavailable", "the service's answer holds no token");
  }
  if (claims["url"] !== `${endpoint.bucket}/${key}`) {
    throw new StorageError(
      "Unsupported",
      "the service signed another key, so the URL would be refused when it is used",
      {
        hint: "Let the API receive the upload, or choose a key without a question mark.",
      },
    );
  }
  const expiresAt = tokenExpiry(claims);
  if (expiresAt === undefined) throw new StorageError("Unavailable", "the service signed a URL that never ends");
  return { method, url: endpoint.origin + endpoint.basePath + pathWith(token), headers: {}, expiresAt };
}
