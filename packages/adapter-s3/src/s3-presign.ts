import { StorageError, type PresignedRequest, type PresignOptions } from "@bucketferry/storage-core";
import type { S3Config } from "./s3-config.ts";
import type { S3Client } from "./s3-client.ts";
import type { CredentialSource } from "./s3-credentials.ts";
import type { SdkClient } from "./sdk-client.ts";
import { sigV4 } from "./sigv4.ts";
import { encodeKeyPath } from "./uri-encoding.ts";

export interface PresignContext {
  readonly config: S3Config;
  readonly clock: S3Client["clock"];
  readonly credentials: CredentialSource;
  readonly sdk: SdkClient;
}

export async function presign(context: PresignContext, options: PresignOptions): Promise<PresignedRequest> {
  return options.method === "POST" ? presignForm(context, options) : presignUrl(context, options);
}

async function presignUrl(
  { config, clock, credentials }: PresignContext,
  options: PresignOptions,
): Promise<PresignedRequest> {
  const { method, key, expiresInSeconds, contentType, contentLength } = options;
  // What is signed here, the sender must repeat exactly; what is not signed, a sender may choose, as the type of a page.
  const headers: Record<string, string> = {};
  if (contentType !== undefined) headers["content-type"] = contentType;
  if (contentLength !== undefined) headers["content-length"] = String(contentLength);
  const { host, origin, path: bucketPath } = config.address;
  const path = `${bucketPath}/${encodeKeyPath(key)}`;
  const timeMs = wholeSecond(clock.now());
  const used = await credentials.current();
  const query = sigV4(config.region).presign(
    {
      method,
      path,
      query: {
        "response-content-type": options.responseContentType,
        "response-content-disposition": options.responseContentDisposition,
      },
      headers: { host, ...headers },
      expiresInSeconds,
    },
    used,
    timeMs,
  );
  // Signed by credentials that run out, it ends with them.
  const endMs = Math.min(timeMs + expiresInSeconds * 1000, used.expiration?.getTime() ?? Infinity);
  return {
    method,
    url: `${origin}${path}?${query}`,
    headers,
    expiresAt: new Date(endMs),
  };
}

/**
 * A form is the only upload that can be bound to a largest size.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
async function presignForm({ sdk, config, clock }: PresignContext, options: PresignOptions): Promise<PresignedRequest> {
  const { key, expiresInSeconds, contentType, maxSizeBytes } = options;
  if (key.includes("${filename}")) {
    throw new StorageError(
      "InvalidKey",
      'the key holds "${filename}", which a form replaces by the name of the chosen file',
      {
        hint: "Presign a PUT, or choose another key",
      },
    );
  }
  const [{ createPresignedPost }, client] = await Promise.all([import("@aws-sdk/s3-presigned-post"), sdk.get()]);
  const timeMs = wholeSecond(clock.now());
  client.config.systemClockOffset = timeMs - Date.now();
  // The policy names bucket, key and every other field exactly, so none of them can be exchanged.
  const { url, fields } = await createPresignedPost(client, {
    Bucket: config.bucket,
    Key: key,
    Expires: expiresInSeconds,
    ...(contentType === undefined ? {} : { Fields: { "Content-Type": contentType } }),
    ...(maxSizeBytes === undefined ? {} : { Conditions: [["content-length-range", 0, maxSizeBytes]] }),
  });
  return { method: "POST", url, headers: {}, fields, expiresAt: new Date(timeMs + expiresInSeconds * 1000) };
}

/** Signatures have no fractions of seconds, so an expiry has none either. */
function wholeSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
