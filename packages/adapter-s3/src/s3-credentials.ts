import { StorageError } from "@bucketferry/storage-core";
import type { S3Config } from "./s3-config.ts";
import type { S3CredentialProvider, S3Credentials } from "./s3-options.ts";

/** Where requests get their credentials from. */
export interface CredentialSource {
  /** Fixed ones at once; others as a promise, asked for once for all that wait. */
  current(): S3Credentials | Promise<S3Credentials>;
  /**
   * Says that the service calls `rejected` expired. True when asking again can bring others.
   * Naming them keeps one refresh from throwing away what another has just brought.
   */
  expire(rejected: S3Credentials): boolean;
}

/** Credentials are asked for again this long before they run out, as the AWS SDKs do. */
const REFRESH_BEFORE_MS = 5 * 60_000;

export function credentialSource(config: Pick<S3Config, "credentials" | "now">): CredentialSource {
  const { credentials, now } = config;
  if (credentials !== undefined && typeof credentials !== "function") {
    return { current: () => credentials, expire: () => false };
  }
  return refreshing(credentials ?? defaultChain(), now);
}

function refreshing(provider: S3CredentialProvider, now: () => number): CredentialSource {
  let held: S3Credentials | undefined;
  let pending: Promise<S3Credentials> | undefined;

  const isFresh = ({ expiration }: S3Credentials) =>
    expiration === undefined || expiration.getTime() - REFRESH_BEFORE_MS > now();

  async function refresh(): Promise<S3Credentials> {
    try {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provider();
      held = { accessKeyId, secretAccessKey, sessionToken, expiration };
      return held;
    } catch (error) {
      // The chain's own message lists what was tried, but may quote a profile file, so it stays in the cause.
      throw new StorageError("Unauthenticated", "no credentials could be had", {
        hint: "Set accessKeyId and secretAccessKey, or make the default AWS chain work (environment, shared files, role)",
        cause: error,
      });
    } finally {
      pending = undefined;
    }
  }

  return {
    current() {
      if (held !== undefined && isFresh(held)) return held;
      pending ??= refresh();
      return pending;
    },
    expire(rejected) {
      if (held === rejected) held = undefined;
      return true;
    },
  };
}

/** Loaded only when needed: it brings in a good part of the SDK. */
function defaultChain(): S3CredentialProvider {
  let chain: S3CredentialProvider | undefined;
  return async () => {
    const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
    chain ??= defaultProvider();
    return chain();
  };
}
