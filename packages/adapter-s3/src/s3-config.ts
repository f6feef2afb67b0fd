import { StorageError } from "@bucketferry/storage-core";
import {
  amazonDomain,
  amazonEndpoint,
  bucketAddress,
  parseBaseUrl,
  type BucketAddress,
  type S3Endpoint,
} from "./s3-endpoint.ts";
import { s3Options, type S3CredentialProvider, type S3Options, type S3ParsedOptions } from "./s3-options.ts";
import { guessProfile, S3_PROFILES, type S3Profile } from "./s3-profiles.ts";
import type { SigningCredentials } from "./sigv4.ts";

/** Options that fit each other, with all that follows from them. */
export interface S3Config extends Pick<
  S3ParsedOptions,
  | "bucket"
  | "partSizeBytes"
  | "concurrency"
  | "connections"
  | "connectTimeoutMs"
  | "headersTimeoutMs"
  | "bodyTimeoutMs"
  | "lane"
  | "versioned"
> {
  readonly region: string;
  readonly profile: S3Profile;
  readonly endpoint: S3Endpoint;
  /** Undefined where the SDK finds it by itself. */
  readonly endpointUrl: string | undefined;
  readonly pathStyle: boolean;
  readonly address: BucketAddress;
  /** Fixed ones, a function to ask, or undefined for the default chain. */
  readonly credentials: SigningCredentials | S3CredentialProvider | undefined;
  /** Without a trailing slash. */
  readonly publicBaseUrl: string | undefined;
  readonly urlAliases: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits: S3Limits;
}

/** Sizes at which a transfer changes its shape; tests make them small. */
export interface S3Limits {
  /** Most that goes in one PUT. */
  readonly maxPutBytes: number;
  /** Most that goes in one CopyObject. */
  readonly maxCopyBytes: number;
  /** Parts of a larger copy. */
  readonly copyPartBytes: number;
}

const COPY_PART_BYTES = 512 * 1024 ** 2;

/** @throws InvalidConfig naming the field, what is wrong with it, and the fix */
export function resolveConfig(input: S3Options, limits: Partial<S3Limits> = {}): S3Config {
  const parsed = s3Options.safeParse(input);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map(({ path, message }) => `${path.join(".") || "options"}: ${message}`).join("; "),
    );
  }
  const options = parsed.data;
  const given = options.endpoint === undefined ? undefined : endpointOf(options.endpoint);
  const profileName = options.profile ?? guessProfile(given);
  const profile = S3_PROFILES[profileName];
  if (options.versioned && !profile.capabilities.versions) {
    throw invalid(`versioned: ${profile.title} keeps no versions that can be read by their id. Leave it out`);
  }
  if (profileName === "aws") demandAmazonName(options.bucket);
  const region = regionOf(options, profile, given);
  if (given === undefined && profileName !== "aws") {
    throw invalid(
      `endpoint: missing, and profile "${profileName}" has no endpoint of its own. Pass the service's base URL`,
    );
  }
  const endpoint = given ?? amazonEndpoint(region);
  // The certificate of *.s3.amazonaws.com covers one label, so a dotted name cannot be a host name over TLS.
  const pathStyle =
    options.forcePathStyle ??
    (!profile.virtualHosts ||
      endpoint.basePath !== "" ||
      options.bucket.includes(".") ||
      amazonDomain(endpoint.host) === undefined);
  if (!pathStyle && !/^[a-z0-9][a-z0-9.-]*$/.test(options.bucket)) {
    throw invalid(
      `bucket: "${options.bucket}" cannot be part of a host name. Set forcePathStyle: true, or use lower-case letters, digits, dots and hyphens`,
    );
  }
  return {
    bucket: options.bucket,
    partSizeBytes: options.partSizeBytes,
    concurrency: options.concurrency,
    connections: options.connections,
    connectTimeoutMs: options.connectTimeoutMs,
    headersTimeoutMs: options.headersTimeoutMs,
    bodyTimeoutMs: options.bodyTimeoutMs,
    lane: options.lane,
    versioned: options.versioned,
    region,
    profile,
    endpoint,
    endpointUrl: given === undefined ? undefined : `${endpoint.protocol}//${endpoint.host}${endpoint.basePath}`,
    pathStyle,
    address: bucketAddress(endpoint, options.bucket, pathStyle),
    credentials: credentialsOf(options),
    publicBaseUrl: options.publicBaseUrl === undefined ? undefined : baseOf("publicBaseUrl", options.publicBaseUrl),
    urlAliases: (options.urlAliases ?? []).map((url, index) => baseOf(`urlAliases.${index}`, url)),
    now: options.now ?? Date.now,
    limits: {
      maxPutBytes: profile.maxSingleBytes,
      maxCopyBytes: Math.min(options.copyCutoffBytes, profile.maxSingleBytes),
      copyPartBytes: Math.min(COPY_PART_BYTES, options.copyCutoffBytes),
      ...limits,
    },
  };
}

/** Another bucket of the same service. A name that cannot be part of a host name goes into the path. */
export function neighbourConfig(config: S3Config, bucket: string): S3Config {
  const pathStyle = config.pathStyle || !/^[a-z0-9][a-z0-9-]*$/.test(bucket);
  return { ...config, bucket, pathStyle, address: bucketAddress(config.endpoint, bucket, pathStyle) };
}

/** Names since 2018 are stricter, but older buckets live on: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function demandAmazonName(bucket: string): void {
  if (bucket.endsWith("--x-s3")) {
    throw invalid(
      `bucket: "${bucket}" is a directory bucket, whose sessions are not supported. Use a general purpose bucket`,
    );
  }
  if (!/^[A-Za-z0-9._-]{3,255}$/.test(bucket)) {
    throw invalid(
      `bucket: "${bucket}" is not the name of an Amazon S3 bucket. Use 3 or more letters, digits, dots and hyphens; of an access point pass the alias`,
    );
  }
}

function endpointOf(text: string): S3Endpoint {
  const endpoint = parseBaseUrl(text);
  if (endpoint !== undefined) return endpoint;
  throw invalid(
    "endpoint: is not a base URL. Pass one such as https://s3.example.com, without query, fragment or password",
  );
}

function baseOf(field: string, text: string): string {
  const base = parseBaseUrl(text);
  if (base !== undefined) return `${base.protocol}//${base.host}${base.basePath}`;
  throw invalid(
    `${field}: is not a base URL. Pass one such as https://cdn.example.com/files, without query or fragment`,
  );
}

function regionOf(options: S3ParsedOptions, profile: S3Profile, endpoint: S3Endpoint | undefined): string {
  if (options.region !== undefined) {
    // It becomes part of a host name and of every signature.
    if (/^[A-Za-z0-9-]+$/.test(options.region)) return options.region;
    throw invalid(`region: is not the name of a region. Pass one such as us-east-1`);
  }
  if (typeof profile.region === "string") return profile.region;
  const named = endpoint === undefined ? undefined : profile.region?.exec(endpoint.host)?.[1];
  if (named !== undefined) return named;
  throw invalid(
    `region: missing. ${profile.title} signs with the bucket's region; set region, for example "us-east-1"`,
  );
}

function credentialsOf(options: S3ParsedOptions): S3Config["credentials"] {
  const { accessKeyId, secretAccessKey, sessionToken, credentials } = options;
  if (credentials !== undefined) {
    if (accessKeyId !== undefined || secretAccessKey !== undefined || sessionToken !== undefined) {
      throw invalid("credentials: given beside accessKeyId, secretAccessKey or sessionToken. Keep one of the two ways");
    }
    return credentials;
  }
  if (accessKeyId === undefined && secretAccessKey === undefined) {
    if (sessionToken === undefined) return undefined;
    throw invalid("sessionToken: given without accessKeyId and secretAccessKey. Add both, or leave all three out");
  }
  if (accessKeyId === undefined) throw invalid("accessKeyId: missing beside secretAccessKey. Set both, or neither");
  if (secretAccessKey === undefined) throw invalid("secretAccessKey: missing beside accessKeyId. Set both, or neither");
  return { accessKeyId, secretAccessKey, sessionToken };
}

function invalid(problem: string): StorageError {
  return new StorageError("InvalidConfig", `s3 options: ${problem}`, { provider: "s3", operation: "create" });
}
