import { randomUUID } from "node:crypto";
import type { CheckFinding, CheckOptions, CheckReport } from "@bucketferry/storage-core";
import { readBucket } from "./supabase-bucket.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { deleteObject } from "./supabase-delete.ts";
import { saysNoSuchBucket, storageErrorOf } from "./supabase-errors.ts";
import { listPage } from "./supabase-listing.ts";
import { put } from "./supabase-put.ts";
import { get } from "./supabase-read.ts";

/** Signatures and tokens hold for minutes at least, so less than this hurts nobody. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
const SOON_MS = 7 * 24 * 3_600_000;

/** Looks at everything one after another; what fails is a finding, and what depends on it is left out. */
export async function check(context: SupabaseContext, { write = false, signal }: CheckOptions): Promise<CheckReport> {
  const findings: CheckFinding[] = [keyFinding(context)];
  const { about, types } = await bucketFindings(context, signal);
  findings.push(...about);
  if (about.every(({ level, id }) => level !== "error" || id === "public")) {
    findings.push(await listFinding(context, signal));
    if (write) findings.push(...(await scratchFindings(context, typeFor(types), signal)));
  }
  return { ok: findings.every(({ level }) => level !== "error"), findings };
}

function keyFinding({ endpoint }: SupabaseContext): CheckFinding {
  const { role, claimedRole, keyExpiresAt } = endpoint;
  const id = "key";
  const now = Date.now();
  if (keyExpiresAt !== undefined && keyExpiresAt.getTime() <= now) {
    return {
      id,
      level: "error",
      message: `The key expired at ${keyExpiresAt.toISOString()}.`,
      fix: "Copy the service role key or a secret key from Project Settings, API keys.",
    };
  }
  if (role === "limited") {
    return {
      id,
      level: "warning",
      message: `The key acts as ${claimedRole === undefined ? "an unknown role" : `role "${claimedRole}"`}: what policies hide from it looks missing.`,
      fix: "Use the service role key or a secret key for a migration, so that nothing is overlooked.",
    };
  }
  if (keyExpiresAt !== undefined && keyExpiresAt.getTime() - now < SOON_MS) {
    return {
      id,
      level: "warning",
      message: `The key expires at ${keyExpiresAt.toISOString()}.`,
      fix: "Have the next key ready before a long run.",
    };
  }
  return { id, level: "ok", message: "The key is a service key: it sees everything." };
}

interface BucketFindings {
  readonly about: readonly CheckFinding[];
  /** The types that the bucket takes; undefined: all, or nobody knows. */
  readonly types?: readonly string[] | undefined;
}

/** One that the bucket takes, so that the scratch object is not refused for what it is. */
function typeFor(types: readonly string[] | undefined): string {
  return types?.[0]?.replace(/\*$/, "x-bucketferry-check") ?? "text/plain";
}

async function bucketFindings(context: SupabaseContext, signal: AbortSignal | undefined): Promise<BucketFindings> {
  const { endpoint } = context;
  const name = `bucket "${endpoint.bucket}"`;
  try {
    const { bucket, headers } = await readBucket(context, signal);
    return {
      about: [
        { id: "bucket", level: "ok", message: `The ${name} is there.` },
        publicFinding(context, bucket.isPublic),
        limitsFinding(bucket.fileSizeLimit, bucket.allowedMimeTypes),
        ...(bucket.keepsVersions ? [VERSIONS_FINDING] : []),
        ...clockFindings(headers["date"]),
      ],
      types: bucket.allowedMimeTypes,
    };
  } catch (error) {
    if (saysNoSuchBucket(error) && endpoint.role === "limited") {
      const message = `This key does not see the ${name}: it is missing, or policies hide it.`;
      const fix = "Use the service role key, or add a SELECT policy on storage.buckets.";
      return { about: [{ id: "bucket", level: "warning", message, fix }] };
    }
    const fix = saysNoSuchBucket(error)
      ? `Create the ${name}, or correct its name; ensureBucket makes a private one.`
      : undefined;
    return { about: [failure("bucket", error, signal, fix)] };
  }
}

function publicFinding({ options }: SupabaseContext, isPublic: boolean): CheckFinding {
  const id = "public";
  const message = isPublic ? "Anyone may read the bucket by its public URLs." : "The bucket is private.";
  if (options.public === "auto" || options.public === isPublic) return { id, level: "ok", message };
  return options.public
    ? {
        id,
        level: "error",
        message: `${message} Public URLs do not work, but the configuration relies on them.`,
        fix: 'Make the bucket public in the dashboard, or set "public" to false.',
      }
    : {
        id,
        level: "warning",
        message: `${message} The configuration says that it is private.`,
        fix: 'Make the bucket private in the dashboard, or set "public" to true.',
      };
}

function limitsFinding(sizeLimit: number | undefined, types: readonly string[] | undefined): CheckFinding {
  const parts = [
    sizeLimit === undefined ? undefined : `objects of at most ${sizeLimit} bytes`,
    types === undefined ? undefined : `content types ${types.join(", ")} only`,
  ].filter((part) => part !== undefined);
  return {
    id: "limits",
    level: "ok",
    message: parts.length === 0 ? "The bucket sets no limits of its own." : `The bucket takes ${parts.join(" and ")}.`,
  };
}

const VERSIONS_FINDING: CheckFinding = {
  id: "versioning",
  level: "warning",
  message: "The bucket keeps earlier versions of its objects. Only the current ones are listed, read and copied.",
  fix: "Restore what is wanted of the earlier ones first; deleting an object does not free their space.",
};

function clockFindings(date: string | undefined): readonly CheckFinding[] {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return [];
  const skewMs = Date.now() - theirs;
  if (Math.abs(skewMs) <= CLOCK_TOLERANCE_MS) {
    return [{ id: "clock", level: "ok", message: "The clocks agree." }];
  }
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  return [
    {
      id: "clock",
      level: "warning",
      message: `This machine's clock is ${minutes} minutes ${skewMs > 0 ? "ahead of" : "behind"} the service's.`,
      fix: "Synchronise the clock (NTP): expiry times of signed URLs are computed by it.",
    },
  ];
}

async function listFinding(context: SupabaseContext, signal: AbortSignal | undefined): Promise<CheckFinding> {
  try {
    await listPage(context, { limit: 1, signal });
    return { id: "list", level: "ok", message: "Objects can be listed." };
  } catch (error) {
    return failure("list", error, signal);
  }
}

async function scratchFindings(
  context: SupabaseContext,
  contentType: string,
  signal: AbortSignal | undefined,
): Promise<readonly CheckFinding[]> {
  const key = `.bucketferry-check-${randomUUID()}.txt`;
  const bytes = Buffer.from(key, "utf8");
  const findings: CheckFinding[] = [];
  try {
    await put(
      context,
      key,
      { kind: "bytes", bytes, length: bytes.byteLength },
      { contentType, cacheControl: "no-cache", signal },
    );
  } catch (error) {
    return [failure("write", error, signal)];
  }
  findings.push({ id: "write", level: "ok", message: "A scratch object was written." });
  try {
    const { body } = await get(context, key, { signal });
    const read = Buffer.from((await body.bytes?.()) ?? new Uint8Array());
    findings.push(
      read.equals(bytes)
        ? { id: "read", level: "ok", message: "It was read back, byte for byte." }
        : {
            id: "read",
            level: "error",
            message: "The scratch object came back with other bytes.",
            fix: "Look for a proxy or CDN that changes bodies, and go round it.",
          },
    );
  } catch (error) {
    findings.push(failure("read", error, signal));
  }
  try {
    await deleteObject(context, key, { signal });
    findings.push({ id: "delete", level: "ok", message: "It was deleted." });
  } catch (error) {
    findings.push(failure("delete", error, signal, `Delete the object ${key} by hand.`));
  }
  return findings;
}

/** An abort is no finding. */
function failure(id: string, error: unknown, signal: AbortSignal | undefined, fix?: string): CheckFinding {
  signal?.throwIfAborted();
  const known = storageErrorOf(error);
  if (known === undefined) throw error;
  const advice = fix ?? known.hint;
  return {
    id,
    level: "error",
    message: `${known.code}: ${known.message}.`,
    ...(advice === undefined ? {} : { fix: advice }),
  };
}
