import { StorageError } from "@bucketferry/storage-core";
import { z } from "zod";

const MIB = 1024 * 1024;

/** Words that the service uses in its own paths where a bucket's name would stand. */
const RESERVED_BUCKETS = new Set([
  "authenticated",
  "copy",
  "info",
  "list",
  "list-v2",
  "move",
  "public",
  "sign",
  "upload",
]);

const BUCKET = /^[A-Za-z0-9_!.*'() &$@=;:+,?-]{1,100}$/;

const host = z
  .string()
  .regex(
    /^(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/i,
    'Give a host such as "files.example.com" or "localhost:54321", without scheme and path',
  )
  .transform((text) => text.toLowerCase());

const timeoutMs = z.int().min(1).max(3_600_000);

export const supabaseOptionsSchema = z.strictObject({
  /**
   * The project's URL (`https://abcd.supabase.co`), a custom domain, or, where the API lives elsewhere, the whole base of
   * the storage API, which ends in `/storage/v1`.
   */
  url: z.string().superRefine((text, context) => {
    const problem = urlProblem(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: undefined });
  }),
  /**
   * The service role key or a secret key (`sb_secret_…`). With another key, policies decide what is visible, and what
   * they hide looks missing.
   */
  key: z.string().superRefine((text, context) => {
    const problem = keyProblem(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: undefined });
  }),
  bucket: z.string().superRefine((text, context) => {
    const problem = bucketProblem(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: undefined });
  }),
  /** What `check` should find: a bucket that anyone may read (`true`), a private one (`false`), or either (`auto`). */
  public: z.union([z.literal("auto"), z.boolean()]).default("auto"),
  /** Further hosts that URLs of this project were issued with: custom domains, vanity subdomains, earlier addresses. */
  extraHosts: z.array(host).default([]),
  /**
   * The server takes keys of all scripts, and so do we: https://github.com/supabase/storage/pull/605. On one that does not, they
   * are refused by the server instead of before the request.
   */
  unicodeKeys: z.boolean().default(false),
  /** Most connections at once. An open `get` holds one until its body is read or cancelled. */
  connections: z.int().min(1).max(1024).default(64),
  connectTimeoutMs: timeoutMs.default(10_000),
  /** How long an answer may take to begin, once the request is sent. */
  headersTimeoutMs: timeoutMs.default(60_000),
  /** How long an answer's body may pause. */
  bodyTimeoutMs: timeoutMs.default(60_000),
  /** Bodies larger than this go by the resumable protocol. */
  resumableAboveBytes: z
    .int()
    .min(0)
    .default(6 * MIB),
  /**
   * Size of its pieces; each is held in memory until the service has it. Hosted projects want exactly 6 MiB:
   * https://supabase.com/docs/guides/storage/uploads/resumable-uploads
   */
  resumableChunkBytes: z
    .int()
    .min(64 * 1024)
    .max(64 * MIB)
    .default(6 * MIB),
});

export type SupabaseOptions = z.input<typeof supabaseOptionsSchema>;
export type ResolvedSupabaseOptions = z.output<typeof supabaseOptionsSchema>;

/** @throws InvalidConfig that names every field with a problem, and no value of `key` */
export function resolveOptions(options: SupabaseOptions): ResolvedSupabaseOptions {
  const result = supabaseOptionsSchema.safeParse(options);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "options"}: ${issue.message}`);
  throw new StorageError("InvalidConfig", `supabase: ${problems.join("; ")}`, {
    provider: "supabase",
    operation: "create",
  });
}

function urlProblem(text: string): string | undefined {
  const example = 'Give the project\'s URL, such as "https://abcd.supabase.co"';
  if (!URL.canParse(text)) return `is no URL. ${example}`;
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return `has the scheme "${url.protocol}" instead of https. ${example}; the database has a URL of its own`;
  }
  if (url.username !== "" || url.password !== "") return 'holds a user name or password. Put the credential into "key"';
  if (url.search !== "" || url.hash !== "") return `has a query or a fragment. ${example}`;
  if (url.hostname === "supabase.com" || url.hostname === "app.supabase.com") {
    return `is an address of the dashboard. ${example}; it stands under Project Settings, Data API`;
  }
  if (/\/storage\/v1\/./.test(url.pathname) && !/\/storage\/v1\/*$/.test(url.pathname))
    return 'goes on after "/storage/v1". End it there, or before it';
  return undefined;
}

function keyProblem(text: string): string | undefined {
  if (text === "") return "is empty. Give the service role key or a secret key of the project";
  if (!/^[\x21-\x7e]+$/.test(text)) {
    return "holds a space, a line break or a character that no key has. Copy it again, without what is around it";
  }
  return undefined;
}

function bucketProblem(text: string): string | undefined {
  if (!BUCKET.test(text) || text.trim() !== text || text === "." || text === ".." || text.endsWith("--table-s3")) {
    return "is no bucket name of Supabase Storage. Give the bucket's id as the dashboard shows it, 1 to 100 characters";
  }
  if (RESERVED_BUCKETS.has(text)) {
    return `is a word that the service's own paths use ("/object/${text}/…"), so objects in it cannot be reached. Use another bucket`;
  }
  return undefined;
}
