import { DEFAULT_CACHE_CONTROL } from "./upload-headers.ts";

/**
 * How a body gets to the service. `request`: one request, all or nothing. `resumable`: piece by piece, so that a cut
 * costs one piece; the object appears with the last one.
 */
export type UploadRoute =
  | { readonly kind: "request" }
  | { readonly kind: "resumable"; readonly cacheControl: string }
  | { readonly kind: "impossible"; readonly reason: string };

export interface UploadNeeds {
  /** Undefined: unknown, and more than one piece. */
  readonly lengthBytes: number | undefined;
  readonly resumableAboveBytes: number;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** The largest body that the service takes in one request: https://supabase.com/docs/guides/storage/uploads/standard-uploads */
export const MAX_REQUEST_BYTES = 5_000_000_000;

/** Decides by what each route can carry: neither changes a header in silence. */
export function uploadRoute({ lengthBytes, resumableAboveBytes, contentType, cacheControl }: UploadNeeds): UploadRoute {
  const small = lengthBytes !== undefined && lengthBytes <= resumableAboveBytes;
  const seconds = resumableCacheControl(cacheControl);
  // The service takes such a request apart as a form instead of storing it.
  const looksLikeForm = /^multipart\/form-data\b/i.test(contentType);
  if (small && !looksLikeForm) return { kind: "request" };
  if (seconds !== undefined) return { kind: "resumable", cacheControl: seconds };
  if (looksLikeForm) {
    return { kind: "impossible", reason: `content type ${contentType} together with cache control "${cacheControl}"` };
  }
  if (lengthBytes !== undefined && lengthBytes > MAX_REQUEST_BYTES) {
    return { kind: "impossible", reason: `cache control "${cacheControl}" for more than ${MAX_REQUEST_BYTES} bytes` };
  }
  return { kind: "request" };
}

/**
 * The resumable protocol knows a bare number of seconds, stored as `max-age=<seconds>`, and makes `no-cache` of anything
 * else. Undefined for a value that would come out as another one.
 */
function resumableCacheControl(cacheControl: string): string | undefined {
  if (cacheControl === DEFAULT_CACHE_CONTROL) return DEFAULT_CACHE_CONTROL;
  return /^max-age=(0|[1-9]\d{0,8})$/.exec(cacheControl)?.[1];
}
