import { randomUUID } from "node:crypto";
import { isStorageError, type CheckFinding, type CheckOptions, type CheckReport } from "@bucketferry/storage-core";
import type { Verdict } from "@bucketferry/storage-core/provider";
import type { S3Context } from "./s3-context.ts";
import { deleteObject } from "./s3-delete.ts";
import { classify } from "./s3-errors.ts";
import { S3AnswerError } from "./s3-failures.ts";
import { getObject } from "./s3-get.ts";
import { putObject } from "./s3-put.ts";
import { parseXml } from "./s3-xml.ts";

const CLOCK_WARNING_MS = 60_000;
const CLOCK_ERROR_MS = 5 * 60_000;

/** What is asked of the service to find this out. */
interface Probe {
  readonly id: string;
  readonly permission: string;
  readonly good: string;
  readonly bad: string;
  run(): Promise<unknown>;
}

/** Looks, and says what it finds as findings. Only an abort rejects. */
export async function check(context: S3Context, options: CheckOptions): Promise<CheckReport> {
  const { signal, write = false } = options;
  const findings: CheckFinding[] = [...(await reach(context, signal))];
  if (write && findings.every(({ level }) => level !== "error")) findings.push(...(await tryOut(context, signal)));
  return { ok: findings.every(({ level }) => level !== "error"), findings };
}

/** One listing of one key tells whether credentials, bucket, region, clock and the right to list are in order. */
async function reach(context: S3Context, signal: AbortSignal | undefined): Promise<readonly CheckFinding[]> {
  const { client, config } = context;
  const { bucket, region, profile, pathStyle } = config;
  try {
    const { headers } = await client.text({
      method: "GET",
      query: { "list-type": "2", "max-keys": "1" },
      signal,
    });
    return [
      ok("credentials", "The service accepts the credentials."),
      ok("bucket", `Bucket "${bucket}" exists.`),
      ok(
        "region",
        `Requests are signed for region "${region}", ${pathStyle ? "path" : "virtual-host"} style, profile "${profile.title}".`,
      ),
      clockFinding(headers["date"], client.clock),
      ok("list", "The bucket can be listed."),
      conditionsFinding(context),
      ...(await versioningFinding(context, signal)),
    ];
  } catch (error) {
    const verdict = verdictOf(error, signal);
    const date = error instanceof S3AnswerError ? clockFinding(error.headers["date"], client.clock) : undefined;
    return [refusalFinding(verdict, bucket), ...(date === undefined ? [] : [date])];
  }
}

function refusalFinding({ code, message, hint }: Verdict, bucket: string): CheckFinding {
  const problem = `${sentence(message)}`;
  switch (code) {
    case "Unauthenticated":
      return bad("credentials", problem, hint);
    case "BucketNotFound":
    case "NotFound":
      return bad(
        "bucket",
        `Bucket "${bucket}" does not exist.`,
        "Create it, let ensureBucket do it, or correct bucket and endpoint.",
      );
    case "InvalidConfig":
      return bad("region", problem, hint);
    case "PermissionDenied":
      return bad("list", `The bucket cannot be listed: ${problem}`, `Allow s3:ListBucket on "arn:aws:s3:::${bucket}".`);
    default:
      return bad("service", problem, hint);
  }
}

function clockFinding(date: string | undefined, clock: S3Context["client"]["clock"]): CheckFinding {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs))
    return { id: "clock", level: "warning", message: "The service does not say what time it is." };
  // What a refusal has made us add belongs to the difference.
  const offMs = Math.abs(theirs - clock.now() + clock.offsetMs);
  const message = `The clock of this machine is ${Math.round(offMs / 1000)} s off the service's.`;
  if (offMs < CLOCK_WARNING_MS) return ok("clock", message);
  const level = offMs < CLOCK_ERROR_MS || clock.offsetMs !== 0 ? "warning" : "error";
  return {
    id: "clock",
    level,
    message,
    fix: "Synchronise the clock of this machine (NTP): signed requests and URLs depend on it.",
  };
}

function conditionsFinding({ capabilities, config }: S3Context): CheckFinding {
  if (capabilities.conditionalPut.create) {
    return ok("conditions", `${config.profile.title} refuses to overwrite when asked to (If-None-Match on PutObject).`);
  }
  if (config.profile.capabilities.conditionalPut.create) {
    return {
      id: "conditions",
      level: "warning",
      message: `In a bucket with versions not every release of ${config.profile.title} refuses to overwrite when asked to, so conditional puts are not offered.`,
    };
  }
  return {
    id: "conditions",
    level: "warning",
    message: `${config.profile.title} is not known to refuse overwriting, so conditional puts are not offered.`,
    fix: "Set profile, if the service is one of those that are known.",
  };
}

/** Asked only where the sub-resource is known: elsewhere the question could be taken for a listing, or worse. */
async function versioningFinding(
  { client, config }: S3Context,
  signal: AbortSignal | undefined,
): Promise<readonly CheckFinding[]> {
  const { profile, versioned } = config;
  if (!profile.capabilities.versions) return [];
  const id = "versioning";
  let status: string | undefined;
  try {
    const { text } = await client.text({ method: "GET", query: { versioning: "" }, signal });
    status = parseXml(text, "VersioningConfiguration").textOf("Status");
  } catch (error) {
    verdictOf(error, signal);
    const message = "It cannot be seen whether the bucket keeps versions.";
    return [{ id, level: "warning", message, fix: "Allow s3:GetBucketVersioning." }];
  }
  const keepsVersions = status === "Enabled" || status === "Suspended";
  if (keepsVersions === versioned)
    return [ok(id, `The bucket keeps ${versioned ? "" : "no "}versions, as configured.`)];
  if (!keepsVersions) {
    return [
      {
        id,
        level: "warning",
        message: "The bucket keeps no versions.",
        fix: "Set versioned: false, or switch versions on.",
      },
    ];
  }
  const danger = !profile.conditionsWithVersions && profile.capabilities.conditionalPut.create;
  const message = `The bucket keeps versions${danger ? ", and not every release of this service heeds conditions of puts there" : ""}.`;
  return [{ id, level: danger ? "error" : "warning", message, fix: "Set versioned: true." }];
}

/** Writes one small object, reads it back and deletes it, and sees whether a condition is obeyed. */
async function tryOut(context: S3Context, signal: AbortSignal | undefined): Promise<readonly CheckFinding[]> {
  const key = `bucketferry-check-${randomUUID()}`;
  const bytes = Buffer.from(`bucketferry check ${new Date().toISOString()}`);
  const put = (options: Parameters<typeof putObject>[3]) =>
    putObject(context, key, { kind: "bytes", bytes, length: bytes.byteLength }, { ...options, signal });
  const probes: readonly Probe[] = [
    {
      id: "write",
      permission: "s3:PutObject",
      good: "An object can be written.",
      bad: "No object can be written",
      run: () => put({}),
    },
    {
      id: "read",
      permission: "s3:GetObject",
      good: "The object can be read back, byte for byte.",
      bad: "The object cannot be read back",
      async run() {
        const { body } = await getObject(context, key, { signal });
        const read = Buffer.concat(await Array.fromAsync(body));
        if (!read.equals(bytes)) throw new Error("other bytes came back");
      },
    },
  ];
  const findings: CheckFinding[] = [];
  for (const probe of probes) {
    findings.push(await findingOf(probe, context, signal));
    if (findings.at(-1)?.level === "error") break;
  }
  if (findings.every(({ level }) => level === "ok") && context.capabilities.conditionalPut.create) {
    findings.push(await overwriteFinding(() => put({ ifNoneMatch: "*" }), signal));
  }
  // Also when reading failed: what was written is not left behind.
  if (findings[0]?.level === "ok") {
    const remove: Probe = {
      id: "delete",
      permission: "s3:DeleteObject",
      good: "The object can be deleted.",
      bad: `The object "${key}" cannot be deleted again`,
      run: () => deleteObject(context, key, {}),
    };
    findings.push(await findingOf(remove, context, signal));
  }
  return findings;
}

async function findingOf(probe: Probe, { config }: S3Context, signal: AbortSignal | undefined): Promise<CheckFinding> {
  try {
    await probe.run();
    return ok(probe.id, probe.good);
  } catch (error) {
    const { code, message, hint } = verdictOf(error, signal);
    const fix = code === "PermissionDenied" ? `Allow ${probe.permission} on "arn:aws:s3:::${config.bucket}/*".` : hint;
    return bad(probe.id, `${probe.bad}: ${sentence(message)}`, fix);
  }
}

async function overwriteFinding(put: () => Promise<unknown>, signal: AbortSignal | undefined): Promise<CheckFinding> {
  const id = "conditional-put";
  try {
    await put();
  } catch (error) {
    const { code, message } = verdictOf(error, signal);
    if (code === "AlreadyExists") return ok(id, "A put that must not overwrite is refused when the object exists.");
    return bad(id, `A conditional put fails: ${sentence(message)}`, "Set profile to the kind of service that this is.");
  }
  return bad(
    id,
    "The service overwrites although it was asked not to.",
    'Set profile to the kind of service that this is, or to "generic".',
  );
}

function verdictOf(error: unknown, signal: AbortSignal | undefined): Verdict {
  if (signal?.aborted === true) throw error;
  if (isStorageError(error)) return error;
  return classify(error) ?? { code: "Unknown", message: error instanceof Error ? error.message : String(error) };
}

function ok(id: string, message: string): CheckFinding {
  return { id, level: "ok", message };
}

function bad(id: string, message: string, fix: string | undefined): CheckFinding {
  return { id, level: "error", message, ...(fix === undefined ? {} : { fix: sentence(fix) }) };
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
