import { z } from "zod";
import type { SigningCredentials } from "./sigv4.ts";
import { MAX_SINGLE_BYTES, S3_PROFILES, type S3ProfileName } from "./s3-profiles.ts";

/** Credentials that may run out; the provider function is asked again before `expiration`, or when the service says so. */
export interface S3Credentials extends SigningCredentials {
  readonly expiration?: Date | undefined;
}

export type S3CredentialProvider = () => Promise<S3Credentials>;

const PROFILE_NAMES = Object.keys(S3_PROFILES) as [S3ProfileName, ...S3ProfileName[]];
const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_PART_BYTES = 5 * 1024 ** 3;

const functionOf = <Type>(what: string) =>
  z.custom<Type>((value) => typeof value === "function", { error: `is not a function. Pass ${what}, or leave it out` });

const milliseconds = z.int().min(1).max(3_600_000);

/** Everything that `s3()` and a configuration file take. Unknown fields are errors, so that a typing error is not a default. */
export const s3Options = z.strictObject({
  /** Name of the bucket. */
  bucket: z.string().regex(/^[^\s/?#]{1,255}$/, {
    error: "is not the name of a bucket. Pass the bare name, without a slash or a space",
  }),
  /** The bucket's region. Needed for Amazon S3 without an endpoint that names it. */
  region: z.string().min(1).optional(),
  /** Base URL of a service other than Amazon S3, such as `https://ACCOUNT.r2.cloudflarestorage.com`. */
  endpoint: z.string().min(1).optional(),
  /** `host/bucket/key` rather than `bucket.host/key`. Default: as the profile says; always for an unknown service. */
  forcePathStyle: z.boolean().optional(),
  /** Without credentials the default chain of AWS is asked: environment, shared files, web identity, container, instance. */
  accessKeyId: z.string().min(1).optional(),
  secretAccessKey: z.string().min(1).optional(),
  sessionToken: z.string().min(1).optional(),
  /** For programs: where to get credentials that run out. */
  credentials: functionOf<S3CredentialProvider>("a function that resolves to credentials").optional(),
  /** What the service can do. Default: guessed from the endpoint's host, `generic` for an unknown one. */
  profile: z.enum(PROFILE_NAMES).optional(),
  /** The bucket keeps old versions, so that they can be read and deleted by their id. */
  versioned: z.boolean().default(false),
  /** Base of public URLs, such as a CDN in front of the bucket; keys are appended to it. */
  publicBaseUrl: z.string().min(1).optional(),
  /** Further bases under which this bucket's keys have had URLs; only read, never issued. */
  urlAliases: z.array(z.string().min(1)).optional(),
  /** Size of the parts of a large body, in bytes; also the largest stream that is held in memory to be sent at once. */
  partSizeBytes: z
    .int()
    .min(MIN_PART_BYTES)
    .max(MAX_PART_BYTES)
    .default(8 * 1024 ** 2),
  /** Parts that one put sends at once; its memory is `partSizeBytes` times this. */
  concurrency: z.int().min(1).max(256).default(4),
  /** Largest copy within the service that goes in one request, in bytes; a larger one goes in parts, several at once. */
  copyCutoffBytes: z.int().min(MIN_PART_BYTES).max(MAX_SINGLE_BYTES).default(MAX_SINGLE_BYTES),
  /** Sockets to the service, at most. */
  connections: z.int().min(1).max(10_000).default(64),
  /** How long to wait for a connection. */
  connectTimeoutMs: milliseconds.default(10_000),
  /** How long to wait for the head of an answer, once the request is sent. */
  headersTimeoutMs: milliseconds.default(60_000),
  /** How long an answer's body may pause. */
  bodyTimeoutMs: milliseconds.default(60_000),
  /** Who signs and sends: `auto` our own lean path, `sdk` the AWS SDK, in case a gateway gets on with nothing else. */
  lane: z.enum(["auto", "sdk"]).default("auto"),
  /** For programs: the clock to sign by, in milliseconds since 1970. */
  now: functionOf<() => number>("a function such as Date.now").optional(),
});

export type S3Options = z.input<typeof s3Options>;
export type S3ParsedOptions = z.output<typeof s3Options>;
