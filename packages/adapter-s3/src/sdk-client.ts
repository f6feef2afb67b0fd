import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Config } from "./s3-config.ts";
import type { CredentialSource } from "./s3-credentials.ts";

/** The SDK is needed for few things and takes a tenth of a second to load, so it is loaded when the first of them comes. */
export interface SdkClient {
  get(): Promise<S3Client>;
  close(): void;
}

export function sdkClient(config: S3Config, credentials: CredentialSource): SdkClient {
  let client: Promise<S3Client> | undefined;

  async function load(): Promise<S3Client> {
    const { S3Client } = await import("@aws-sdk/client-s3");
    return new S3Client({
      region: config.region,
      ...(config.endpointUrl === undefined ? {} : { endpoint: config.endpointUrl }),
      forcePathStyle: config.pathStyle,
      // Already past its end, so that the SDK asks each time: keeping credentials is our source's job.
      credentials: async () => {
        const { accessKeyId, secretAccessKey, sessionToken } = await credentials.current();
        const token = sessionToken === undefined ? {} : { sessionToken };
        return { accessKeyId, secretAccessKey, ...token, expiration: new Date(0) };
      },
      // The layers around a provider repeat what is worth it, and nobody repeats inside of them.
      maxAttempts: 1,
      // The default of 2025 sends checksums that other services refuse or store as content, and signs the
      // checksum of an empty body into upload forms.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      followRegionRedirects: false,
      requestHandler: {
        connectionTimeout: config.connectTimeoutMs,
        requestTimeout: config.headersTimeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: config.bodyTimeoutMs,
        httpAgent: { keepAlive: true, maxSockets: config.connections },
        httpsAgent: { keepAlive: true, maxSockets: config.connections },
      },
    });
  }

  return {
    get() {
      client ??= load();
      return client;
    },
    close() {
      void client?.then((loaded) => loaded.destroy());
    },
  };
}
