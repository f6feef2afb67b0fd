import { isStorageError, type StorageProvider } from "@bucketferry/storage-core";
import type { Selectable } from "kysely";
import type { Logger } from "pino";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { JobTable, LectureTable } from "../database/tables.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { BackgroundTask } from "./background.ts";
import { inspectAudio } from "./inspect-audio.ts";
import { NotAudio } from "./not-audio.ts";

const LEASE_MS = 120_000;
const ATTEMPTS = 8;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 600_000;

type Job = Selectable<JobTable>;

export interface JobOptions {
  readonly db: ServiceDatabase;
  readonly storage: StorageProvider;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Takes the job that has waited longest and does it. A job whose instance died is taken again when its lease is over. */
export function runJobs(options: JobOptions): BackgroundTask {
  return {
    name: "jobs",
    async step(signal) {
      const job = await takeJob(options.db);
      if (job === undefined) return "idle";
      if (job.attempts > ATTEMPTS) await giveUp(job, options, "Every attempt to read the audio was broken off.");
      else await inspect(job, options, AbortSignal.any([signal, AbortSignal.timeout(LEASE_MS / 2)]));
      return "more";
    },
  };
}

async function takeJob(db: ServiceDatabase): Promise<Job | undefined> {
  const now = new Date();
  const nowText = now.toISOString();
  const candidate = await db
    .selectFrom("bucketferry_jobs")
    .selectAll()
    .where("run_at", "<=", nowText)
    .where((where) => where.or([where("leased_until", "is", null), where("leased_until", "<", nowText)]))
    .orderBy("run_at")
    .limit(1)
    .executeTakeFirst();
  if (candidate === undefined) return undefined;
  const leasedUntil = new Date(now.getTime() + LEASE_MS).toISOString();
  // Only from the state that was read: another instance may have taken it since.
  const taken = await db
    .updateTable("bucketferry_jobs")
    .set({ leased_until: leasedUntil, attempts: candidate.attempts + 1 })
    .where("id", "=", candidate.id)
    .where("attempts", "=", candidate.attempts)
    .executeTakeFirst();
  if (taken.numUpdatedRows === 0n) return takeJob(db);
  return { ...candidate, leased_until: leasedUntil, attempts: candidate.attempts + 1 };
}

async function inspect(job: Job, { db, storage, log, metrics }: JobOptions, signal: AbortSignal): Promise<void> {
  try {
    const facts = await inspectAudio(storage, job.object_key, signal);
    await settle(db, job, {
      status: "ready",
      duration_seconds: facts.durationSeconds,
      codec: facts.codec,
      bit_rate: facts.bitRate,
      audio_size_bytes: facts.sizeBytes,
      failure: null,
    });
    metrics.job(job.kind, "done");
  } catch (error) {
    const isFinal = error instanceof NotAudio || isStorageError(error, "NotFound") || job.attempts >= ATTEMPTS;
    log.warn({ job: job.id, key: job.object_key, attempts: job.attempts, err: error }, "audio could not be inspected");
    if (isFinal) {
      const failure = error instanceof NotAudio ? error.message : "The audio could not be read from storage.";
      return giveUp(job, { db, metrics }, failure);
    }
    metrics.job(job.kind, "retry");
    const wait = Math.min(FIRST_RETRY_MS * 2 ** (job.attempts - 1), LONGEST_RETRY_MS);
    await db
      .updateTable("bucketferry_jobs")
      .set({
        leased_until: null,
        run_at: new Date(Date.now() + wait).toISOString(),
        last_error: isStorageError(error) ? error.code : "Unknown",
      })
      .where("id", "=", job.id)
      .execute();
  }
}

/** Also of a job that took its process with it each time, and so never came to an error. */
async function giveUp(job: Job, { db, metrics }: Pick<JobOptions, "db" | "metrics">, failure: string): Promise<void> {
  await settle(db, job, { status: "failed", failure });
  metrics.job(job.kind, "failed");
}

/** Result and end of the job together; nothing is written to a lecture that has other audio by now. */
async function settle(
  db: ServiceDatabase,
  job: Job,
  result: Partial<Omit<LectureTable, "id" | "owner_id" | "created_at">>,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable("lectures")
      .set({ ...result, updated_at: new Date().toISOString() })
      .where("id", "=", job.subject_id)
      .where("audio_key", "=", job.object_key)
      .execute();
    await transaction.deleteFrom("bucketferry_jobs").where("id", "=", job.id).execute();
  });
}
