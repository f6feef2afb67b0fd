import type { UrlKind } from "@bucketferry/storage-core";
import { z } from "zod";
import { byteSize } from "./byte-size-schema.ts";
import { selectionFields } from "./selection-schema.ts";
import { scheduleSchema } from "./schedule-schema.ts";

/** Orders in which objects can be copied; `-size` is the largest first. */
const OBJECT_ORDERS = ["key", "size", "-size", "newest", "oldest"] as const;

/** One side of a route. What else it holds is the adapter's business, and is checked by the adapter's own schema. */
const side = z
  .looseObject({
    adapter: z
      .string()
      .min(1)
      .describe("Which adapter: s3, supabase, fs, memory, or the name of a package that exports one."),
    prefix: z
      .string()
      .regex(/^(?:|.*\/)$/s, 'must end with a slash, as in "audio/".')
      .optional()
      .describe("Everything happens below this key prefix."),
  })
  .describe("An adapter and its options.");

const route = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit.")
    .describe("Names the route in reports and in the ledger."),
  source: side,
  target: side,
  ...selectionFields,
});

const database = z.strictObject({
  url: z.string().min(1).describe("sqlite:PATH, or postgres://…"),
  include: z
    .array(z.string().min(1))
    .optional()
    .describe("table.column or table.*; default: every text, JSON and array column."),
  exclude: z.array(z.string().min(1)).default([]).describe("table.column or table.*, taken out again."),
  keyColumns: z
    .record(z.string().regex(/^[^.]+(?:\.[^.]+){1,2}$/, 'must be "table.column" or "schema.table.column".'), z.string())
    .default({})
    .describe(
      "Columns that hold bare keys, or keys behind the bucket's name: table.column and the route they belong to.",
    ),
  maxValueSize: byteSize.default(64 * 2 ** 20).describe("Longer values are not read, and reported."),
  replica: z.string().min(1).optional().describe("postgres://… of a read replica whose lag is watched."),
});

const formPolicy = z.enum(["map", "map-and-drop-query", "keep", "report"]).optional();

/** The forms of URL that services have issued: `UrlKind` of the contract. */
const forms = z.strictObject({
  public: formPolicy.describe("Open to everybody."),
  cdn: formPolicy.describe("Behind a domain of the bucket's own."),
  signed: formPolicy.describe("With a token or a signature."),
  authenticated: formPolicy.describe("For users who are logged in."),
  bare: formPolicy.describe("For users who are logged in, in its old form."),
  s3: formPolicy.describe("Of the S3 protocol, for requests that are signed."),
  render: formPolicy.describe("An image that the service transforms."),
  "private-render": formPolicy.describe("The same, with a token or for users who are logged in."),
  upload: formPolicy.describe("Signed to put an object there."),
  path: formPolicy.describe("A path without its host."),
} satisfies Record<UrlKind, typeof formPolicy>);

const rewrite = z
  .strictObject({
    to: z
      .enum(["public", "app", "key"])
      .default("public")
      .describe("What a reference becomes: the target's public URL, the API's own URL, or the bare key."),
    appBaseUrl: z.url().optional().describe("Base of the API's URLs, for to: app."),
    forms: forms.prefault({}).describe("What becomes of each form of URL, where the default will not do."),
    rowsPerSecond: z.int().min(1).optional().describe("Most rows that are written in a second."),
    maxReplicaLag: z
      .number()
      .min(0.1)
      .max(86_400)
      .optional()
      .describe("Seconds that replicas may be behind; writes wait for those that are further."),
    lockTimeout: z
      .number()
      .min(0.1)
      .max(600)
      .default(5)
      .describe("Seconds that a write waits for a lock before it gives way and tries again."),
    statementTimeout: z.int().min(1).max(86_400).default(600).describe("Seconds that one statement may take."),
  })
  .refine((value) => value.to !== "app" || value.appBaseUrl !== undefined, {
    path: ["appBaseUrl"],
    message: `is needed when rewrite.to is "app": the URL under which your users reach the API.`,
  });

const copy = z.strictObject({
  concurrency: z.int().min(1).max(1024).default(32).describe("How many objects are copied at once, at most."),
  processes: z.int().min(1).max(64).default(1).describe("How many processes copy."),
  schedule: scheduleSchema.optional().describe("When copying goes slower, or not at all."),
  bandwidthLimit: byteSize.optional().describe("Most bytes a second, all transfers together."),
  partSize: byteSize.optional().describe("Size of the parts of large objects."),
  ...selectionFields,
  order: z.enum(OBJECT_ORDERS).default("key").describe("Which objects of a route are copied first."),
  metadata: z
    .enum(["keep-in-ledger", "fail"])
    .default("keep-in-ledger")
    .describe("What happens to an object whose headers or metadata the target cannot hold."),
  contentType: z
    .enum(["keep", "repair"])
    .default("keep")
    .describe("Whether a missing or meaningless content type is filled in by the ending of the key."),
  archived: z
    .enum(["skip", "copy"])
    .default("skip")
    .describe("Whether objects in an archive are left out, or copied because somebody restored them."),
  serverSide: z
    .enum(["auto", "never"])
    .default("never")
    .describe("Whether a service that has both sides copies large objects by itself, where it names their checksums."),
  maxAttempts: z
    .int()
    .min(1)
    .max(100)
    .default(6)
    .describe("How often one request is tried before its object counts as failed."),
  timeout: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe("Seconds without any progress after which a request counts as lost."),
});

/** The shape of a configuration file, before the adapters have looked at their own options. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  ledger: z
    .string()
    .min(1)
    .default("sqlite:.bucketferry/ledger.db")
    .describe("Where the migrator remembers what it did."),
  routes: z.array(route).min(1, "needs at least one route.").describe("From which bucket to which."),
  database: database.optional().describe("The app's database, where its URLs are stored."),
  rewrite: rewrite.prefault({}),
  copy: copy.prefault({}),
});

export type ParsedConfig = z.output<typeof configSchema>;

/** `{ "env": "NAME" }` may stand in place of any string. */
type WithEnvironment<T> = T extends string
  ? T | { readonly env: string }
  : T extends readonly (infer Item)[]
    ? readonly WithEnvironment<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: WithEnvironment<T[Key]> }
      : T;

/** What a configuration file says. */
export type ConfigInput = WithEnvironment<z.input<typeof configSchema>>;
