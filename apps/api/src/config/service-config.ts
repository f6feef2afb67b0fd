import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError, type ConfigProblem } from "@bucketferry/config";
import { z } from "zod";

const MIB = 1024 * 1024;

/** A size as people write it: `150MiB`, `2GB`, `4096`. */
const byteSize = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const match = /^(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)?$/.exec(text.trim());
      if (match === null) {
        context.addIssue({ code: "custom", message: `must be a size such as 150MiB, but is ${JSON.stringify(text)}` });
        return z.NEVER;
      }
      return Math.floor(Number(match[1]) * (UNITS[match[2] ?? "B"] ?? 1));
    });
const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: MIB,
  GiB: 1024 * MIB,
};

const whole = (fallback: number, least: number, most: number) =>
  z
    .string()
    .default(String(fallback))
    .transform((text, context) => {
      const value = /^\s*\d+\s*$/.test(text) ? Number(text) : NaN;
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      context.addIssue({
        code: "custom",
        message: `must be a whole number from ${least} to ${most}, but is ${JSON.stringify(text)}`,
      });
      return z.NEVER;
    });

const yesOrNo = (fallback: "true" | "false") =>
  z
    .enum(["true", "false"])
    .default(fallback)
    .transform((text) => text === "true");

const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  );

/** Old provider's buckets whose URLs this service still answers: `lecture-audio=audio/:private,avatars=images/:public`. */
const oldBuckets = list.transform((entries, context) =>
  entries.map((entry) => {
    // Without its slash a prefix would run into the key: `audio` and `a.m4a` into `audioa.m4a`.
    const match = /^([^=]+)=(|[^:]*\/):(public|private)$/.exec(entry);
    if (match === null) {
      context.addIssue({
        code: "custom",
        message:
          "must be BUCKET=PREFIX:public or BUCKET=PREFIX:private, comma between them, " +
          `each prefix ending in a slash or empty, but has ${JSON.stringify(entry)}`,
      });
      return z.NEVER;
    }
    return { bucket: match[1] ?? "", prefix: match[2] ?? "", isPublic: match[3] === "public" };
  }),
);

const httpUrl = z.url({
  protocol: /^https?$/,
  error: "must be an http or https URL, such as https://api.example.com",
});

const secret = z.string().min(32, "must have at least 32 characters: it is what signatures rest on");

/** The environment of the service. Every name is an environment variable; `NAME_FILE` names a file that holds its value. */
export const environmentSchema = z.object({
  HOST: z
    .string()
    .default("127.0.0.1")
    .describe("Address to listen on. Anything but loopback needs credentials set up."),
  PORT: whole(8787, 0, 65_535).describe("Port to listen on; 0 takes a free one."),
  PUBLIC_URL: httpUrl.optional().describe("How clients reach this service; default: http://HOST:PORT."),
  STORAGE_CONFIG: z
    .string()
    .optional()
    .describe('File with one storage side, `{ "adapter": "s3", … }`; default: a folder.'),
  STORAGE_CREATE_BUCKET: yesOrNo("true").describe("Make the bucket at start when it is missing."),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, "must begin with sqlite: or postgres://")
    .default("sqlite:.bucketferry/api.db")
    .describe("`sqlite:FILE` or `postgres://…`."),
  DATABASE_MIGRATE: z
    .enum(["start", "command"])
    .default("start")
    .describe("`command`: only `migrate` changes the schema."),
  AUTH_JWT_SECRET: secret.optional().describe("HS256 secret of the tokens, as Supabase Auth's legacy secret."),
  AUTH_JWKS_URL: httpUrl.optional().describe("Key set of the tokens, as Supabase Auth publishes it."),
  AUTH_ISSUER: z.string().optional().describe("Required `iss` of a token."),
  AUTH_AUDIENCE: z.string().default("authenticated").describe("Required `aud` of a token."),
  AUTH_API_KEYS: yesOrNo("false").describe("Accept API keys (made by `api-key create`)."),
  LINK_SECRET: secret.optional().describe("Signs links and direct uploads; needed whenever credentials are set up."),
  FILES_ACCESS: z.enum(["private", "public"]).default("private").describe("`public`: anybody may read `/files/…`."),
  DOWNLOADS: z
    .enum(["proxy", "redirect"])
    .default("proxy")
    .describe("Bytes through this service, or a redirect to storage."),
  STORED_URLS: z
    .enum(["app", "public"])
    .default("app")
    .describe("URLs saved in rows: this service's, or storage's public ones."),
  OLD_BUCKETS: oldBuckets.describe("Buckets of the old provider: `BUCKET=PREFIX:public|private`, comma between them."),
  OLD_JWT_SECRET: z.string().min(1).optional().describe("Verifies the tokens in signed URLs of the old provider."),
  MAX_AUDIO_SIZE: byteSize("2GiB").describe("Largest audio file."),
  MAX_IMAGE_SIZE: byteSize("10MiB").describe("Largest profile image."),
  MAX_FILE_SIZE: byteSize("5GiB").describe("Largest object of a direct or resumable upload."),
  UPLOAD_EXPIRY_SECONDS: whole(3600, 60, 7 * 86_400).describe("How long a direct or resumable upload may take."),
  LINK_EXPIRY_SECONDS: whole(3600, 1, 7 * 86_400).describe("How long a link to a private object works."),
  RATE_LIMIT_PER_MINUTE: whole(600, 0, 1_000_000).describe("Requests a minute and caller; 0: no limit."),
  TRUSTED_PROXIES: whole(0, 0, 10).describe("How many proxies in front add to X-Forwarded-For."),
  CORS_ORIGINS: list.describe("Origins of browser pages, comma between them; `*`: all."),
  BODY_IDLE_SECONDS: whole(30, 1, 3600).describe("A body that brings nothing for so long is given up."),
  ANSWER_IDLE_SECONDS: whole(60, 1, 3600).describe(
    "A client that takes nothing of its answer for so long is cut off; a player resumes with a range.",
  ),
  KEEP_ALIVE_SECONDS: whole(65, 1, 3600).describe(
    "How long an idle connection is kept; longer than a load balancer in front keeps its own.",
  ),
  DRAIN_SECONDS: whole(25, 0, 3600).describe("How long requests under way may go on after a signal to end."),
  LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info")
    .describe("Least level of log lines."),
});

type Environment = z.output<typeof environmentSchema>;

/** How requests prove who they come from. */
export type AuthConfig =
  /** Nobody has to; only on loopback. */
  | { readonly mode: "development" }
  | {
      readonly mode: "credentials";
      readonly jwtSecret: string | undefined;
      readonly jwksUrl: string | undefined;
      readonly issuer: string | undefined;
      readonly audience: string;
      readonly apiKeys: boolean;
    };

export interface OldBucket {
  readonly bucket: string;
  /** What stands in front of the old key at today's storage. */
  readonly prefix: string;
  readonly isPublic: boolean;
}

export interface ServiceConfig {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end; undefined: from the address that was bound. */
  readonly publicUrl: string | undefined;
  readonly storageConfigFile: string | undefined;
  readonly createBucket: boolean;
  readonly databaseUrl: string;
  readonly migrateAtStart: boolean;
  readonly auth: AuthConfig;
  readonly linkSecret: string;
  readonly filesArePublic: boolean;
  readonly downloads: "proxy" | "redirect";
  readonly storedUrls: "app" | "public";
  readonly oldBuckets: readonly OldBucket[];
  readonly oldJwtSecret: string | undefined;
  readonly maxAudioBytes: number;
  readonly maxImageBytes: number;
  readonly maxFileBytes: number;
  readonly uploadExpirySeconds: number;
  readonly linkExpirySeconds: number;
  readonly rateLimitPerMinute: number;
  readonly trustedProxies: number;
  readonly corsOrigins: readonly string[];
  readonly bodyIdleMs: number;
  readonly answerIdleMs: number;
  readonly keepAliveMs: number;
  readonly drainMs: number;
  readonly logLevel: Environment["LOG_LEVEL"];
}

/**
 * The environment as a typed configuration. Relative paths are relative to the working directory.
 * @throws ConfigError with all problems at once; it never holds a value of a secret
 */
export function serviceConfig(environment: Readonly<Record<string, string | undefined>>): ServiceConfig {
  const problems: ConfigProblem[] = [];
  const given = withFiles(environment, problems);
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    problems.push(
      ...parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: `${issue.message}.` })),
    );
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError("The environment", problems);
  const config = configOf(parsed.data);
  problems.push(...contradictions(config, parsed.data));
  if (problems.length > 0) throw new ConfigError("The environment", problems);
  return config;
}

/** `NAME_FILE`, as containers mount their secrets; an empty variable is an absent one. */
function withFiles(
  environment: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(environmentSchema.shape)) {
    const value = environment[name];
    const file = environment[`${name}_FILE`];
    if (value !== undefined && value !== "") values[name] = value;
    else if (file !== undefined && file !== "") {
      try {
        values[name] = readFileSync(file, "utf8").trim();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const what = code === "ENOENT" ? "is not there" : `cannot be read (${code})`;
        problems.push({ path: `${name}_FILE`, message: `names a file that ${what}: ${file}.` });
      }
    }
  }
  return values;
}

function configOf(environment: Environment): ServiceConfig {
  const hasCredentials =
    environment.AUTH_JWT_SECRET !== undefined || environment.AUTH_JWKS_URL !== undefined || environment.AUTH_API_KEYS;
  return {
    host: environment.HOST,
    port: environment.PORT,
    publicUrl: environment.PUBLIC_URL?.replace(/\/+$/, ""),
    storageConfigFile: environment.STORAGE_CONFIG === undefined ? undefined : resolve(environment.STORAGE_CONFIG),
    createBucket: environment.STORAGE_CREATE_BUCKET,
    databaseUrl: environment.DATABASE_URL,
    migrateAtStart: environment.DATABASE_MIGRATE === "start",
    auth: hasCredentials
      ? {
          mode: "credentials",
          jwtSecret: environment.AUTH_JWT_SECRET,
          jwksUrl: environment.AUTH_JWKS_URL,
          issuer: environment.AUTH_ISSUER,
          audience: environment.AUTH_AUDIENCE,
          apiKeys: environment.AUTH_API_KEYS,
        }
      : { mode: "development" },
    // In development links need not outlive the process.
    linkSecret: environment.LINK_SECRET ?? randomBytes(32).toString("base64url"),
    filesArePublic: environment.FILES_ACCESS === "public",
    downloads: environment.DOWNLOADS,
    storedUrls: environment.STORED_URLS,
    oldBuckets: environment.OLD_BUCKETS,
    oldJwtSecret: environment.OLD_JWT_SECRET,
    maxAudioBytes: environment.MAX_AUDIO_SIZE,
    maxImageBytes: environment.MAX_IMAGE_SIZE,
    maxFileBytes: environment.MAX_FILE_SIZE,
    uploadExpirySeconds: environment.UPLOAD_EXPIRY_SECONDS,
    linkExpirySeconds: environment.LINK_EXPIRY_SECONDS,
    rateLimitPerMinute: environment.RATE_LIMIT_PER_MINUTE,
    trustedProxies: environment.TRUSTED_PROXIES,
    corsOrigins: environment.CORS_ORIGINS,
    bodyIdleMs: environment.BODY_IDLE_SECONDS * 1000,
    answerIdleMs: environment.ANSWER_IDLE_SECONDS * 1000,
    keepAliveMs: environment.KEEP_ALIVE_SECONDS * 1000,
    drainMs: environment.DRAIN_SECONDS * 1000,
    logLevel: environment.LOG_LEVEL,
  };
}

/** What each value by itself cannot tell. */
function contradictions(config: ServiceConfig, environment: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.auth.mode === "development" && !isLoopback(config.host)) {
    problems.push({
      path: "HOST",
      message: `is ${config.host}, but nobody has to prove who they are: without credentials the service listens on loopback only.`,
      fix: "Set AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_API_KEYS=true, or leave HOST out.",
    });
  }
  if (config.auth.mode === "credentials" && environment.LINK_SECRET === undefined) {
    problems.push({
      path: "LINK_SECRET",
      message: "is missing: links that one instance signs must hold at all others, and after a restart.",
      fix: "Set it to 32 or more random characters, such as the output of `openssl rand -base64 32`.",
    });
  }
  return problems;
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}
