import { setTimeout as sleep } from "node:timers/promises";
import { changeOf, type ObjectChange, type ObjectRecord } from "@bucketferry/ledger";
import { StorageError, type ObjectInfo } from "@bucketferry/storage-core";
import type { CopyConfig, Route } from "@bucketferry/config";
import { actionFor, type Side } from "../decide/failure.ts";
import { looksLikeMd5, type Digests } from "../decide/compare-copies.ts";
import { judgeMd5, learnMd5, NO_MD5_SEEN } from "../decide/md5-trust.ts";
import { backoffMs, OBJECT_ATTEMPTS } from "../decide/object-attempts.ts";
import { extendStreak, judgeStreak, NO_STREAK } from "../decide/outage.ts";
import { LocatedFailure } from "../located-failure.ts";
import { bandwidth, UNLIMITED, type Bandwidth } from "../transfer/bandwidth.ts";
import { bodyMemoryOf } from "../transfer/body-memory.ts";
import { byteBudget, type ByteBudget } from "../transfer/byte-budget.ts";
import { partBuffers, type PartBuffers } from "../transfer/part-buffers.ts";
import { pause, type Pause } from "../transfer/pause.ts";
import { pool } from "../transfer/pool.ts";
import { SideFailure } from "../transfer/side-failure.ts";
import { transferObject } from "../transfer/transfer-object.ts";
import type { TransferContext, TransferOutcome } from "../transfer/transfer.ts";
import type { StageContext } from "./stage-context.ts";
import { removeVanished } from "./remove-vanished.ts";
import { sweepUploads } from "./sweep-uploads.ts";

export interface CopyOptions extends Pick<
  CopyConfig,
  "concurrency" | "bandwidthLimitBytesPerSecond" | "partSizeBytes"
> {
  /** How long expired credentials or a service that is away are waited for, in milliseconds. */
  readonly patienceMs: number;
}

export interface CopySummary {
  readonly copied: number;
  /** Found at the target with the right bytes. */
  readonly adopted: number;
  readonly failed: number;
  readonly vanished: number;
  /** Our copies of objects that were deleted at the source before their copies were verified. */
  readonly removed: number;
  readonly bytes: number;
  /** How often a source changed while it was read, and was read again. */
  readonly changedUnderCopy: number;
  /** Objects whose headers or metadata the target cannot hold, at least in part. */
  readonly notCarried: number;
  /** Objects whose source ETag looks like an MD5 and is not that of the bytes. */
  readonly md5Unproved: number;
  /** Unfinished uploads of an earlier, killed run that were ended. */
  readonly sweptUploads: number;
  readonly complete: boolean;
}

/** Bodies in memory, all transfers together. */
const BODY_MEMORY_BYTES = 128 * 1024 * 1024;
/** An object whose credentials "expire" again after each pause is not waited for forever. */
const PAUSES_PER_OBJECT = 3;

type Counts = { -readonly [Name in keyof CopySummary]: CopySummary[Name] };

/**
 * Copies what is planned: one lister, as many transfers at once as configured, one batched writer. Killed at any point, it
 * goes on with what is still planned, and finds what was in flight at the target.
 */
export async function copy(context: StageContext, options: CopyOptions): Promise<CopySummary> {
  const { ledger, reporter, drain, abort } = context;
  const sweptUploads = await sweepUploads(context);
  const planned = (await ledger.objects.count()).filter((count) => count.state === "planned");
  const progress = reporter.progress({
    stage: "copy",
    totalObjects: planned.reduce((sum, count) => sum + count.objects, 0),
    totalBytes: planned.reduce((sum, count) => sum + count.bytes, 0),
  });
  const counts: Counts = {
    copied: 0,
    adopted: 0,
    failed: 0,
    vanished: 0,
    removed: 0,
    bytes: 0,
    changedUnderCopy: 0,
    notCarried: 0,
    md5Unproved: 0,
    sweptUploads,
    complete: true,
  };
  // What stops the run stops the transfers that are under way as well.
  const stopped = new AbortController();
  const signal = AbortSignal.any([abort, stopped.signal]);
  const writer = ledger.writer({ onCommitted: (change) => countCommitted(change, counts, context, progress.add) });
  const limit =
    options.bandwidthLimitBytesPerSecond === undefined ? UNLIMITED : bandwidth(options.bandwidthLimitBytesPerSecond);
  const budget = byteBudget(BODY_MEMORY_BYTES);
  const shared = { context, options, counts, signal, writer, limit, budget, parts: partBuffers() };
  const copiers = new Map(context.routes.map((route) => [route.name, routeCopier(route, shared)]));

  try {
    await pool(
      plannedObjects(context, signal),
      (object) => copiers.get(object.route)?.copy(object) ?? Promise.resolve(),
      {
        concurrency: () => options.concurrency,
        drain: AbortSignal.any([drain, signal]),
      },
    ).catch(async (error: unknown) => {
      stopped.abort(error);
      await writer.end().catch(() => undefined);
      throw error;
    });
    await writer.end();
    counts.sweptUploads += await sweepUploads(context);
    counts.removed = await removeVanished(context, options.concurrency);
  } finally {
    stopped.abort(new DOMException("The stage has ended.", "AbortError"));
    progress.end();
  }
  counts.complete = !drain.aborted && !abort.aborted;
  return counts;
}

async function* plannedObjects({ routes, ledger }: StageContext, signal: AbortSignal): AsyncGenerator<ObjectRecord> {
  for (const route of routes) yield* ledger.objects.walk({ route: route.name, states: ["planned"], signal });
}

/** Counts what is stored, when it is stored. */
function countCommitted(
  change: ObjectChange,
  counts: Counts,
  { reporter }: StageContext,
  addProgress: (objects: number, bytes: number) => void,
): void {
  // An intermediate note about an object that is still to be copied.
  if (change.state === "planned") return;
  addProgress(1, change.state === "copied" ? change.size : 0);
  if (change.state === "copied") {
    if (change.reason === "adopted") counts.adopted++;
    else counts.copied++;
    counts.bytes += change.size;
    if (change.notCarried !== null) counts.notCarried++;
    return;
  }
  if (change.state === "failed") counts.failed++;
  if (change.state === "vanished") counts.vanished++;
  reporter.event({
    type: "object",
    stage: "copy",
    route: change.route,
    key: change.key,
    state: change.state,
    reason: change.reason,
    code: change.errorCode,
    message: change.errorMessage,
  });
}

/** What the transfers of all routes share. */
interface SharedParts {
  readonly context: StageContext;
  readonly options: CopyOptions;
  readonly counts: Counts;
  readonly signal: AbortSignal;
  readonly writer: ReturnType<StageContext["ledger"]["writer"]>;
  readonly limit: Bandwidth;
  readonly budget: ByteBudget;
  readonly parts: PartBuffers;
}

function routeCopier(route: Route, { context, options, counts, signal, writer, limit, budget, parts }: SharedParts) {
  const { reporter } = context;
  // A pause ends with the first interruption: what waits is still planned.
  const patient = AbortSignal.any([signal, context.drain]);
  const pausing: Pause = pause({
    probe: async (side, probeSignal) => {
      await route[side].listPage({ limit: 1, signal: probeSignal });
    },
    patienceMs: options.patienceMs,
    failureOf: (side, trouble) => new LocatedFailure(route, side, trouble),
    signal: patient,
    onEvent: (event) => reporter.event(event),
  });
  let trust = NO_MD5_SEEN;
  let streak = NO_STREAK;

  const transferContext: TransferContext = {
    route,
    bandwidth: limit,
    partSizeBytes: options.partSizeBytes,
    parts,
    uploads: context.ledger.uploads,
    signal,
    onBytes: () => undefined,
    checkMd5(info: ObjectInfo, digests: Digests) {
      if (!looksLikeMd5(info.etag) || digests.md5 === undefined) return;
      const verdict = judgeMd5(trust, info.etag, digests.md5);
      trust = learnMd5(trust, verdict);
      if (verdict === "unproved") counts.md5Unproved++;
      if (verdict !== "altered") return;
      throw new SideFailure(
        "source",
        new StorageError(
          "ChecksumMismatch",
          "The bytes that arrived are not the ones whose MD5 the source lists: something on the way changed them.",
          { key: info.key },
        ),
      );
    },
  };

  /** Copies one object, as often as its failures allow; undefined: it stays planned. */
  const attempt = async (planned: ObjectRecord): Promise<ObjectChange | undefined> => {
    let object = planned;
    let pauses = 0;
    for (let number = 1; ; number++) {
      if (number > 1 && context.drain.aborted) return undefined;
      await pausing.passable(patient);
      const attempts = planned.attempts + number;
      try {
        const outcome = await transferObject(object, transferContext);
        streak = NO_STREAK;
        if (outcome.kind !== "changed") return changeAfter(object, outcome, attempts);

        counts.changedUnderCopy++;
        // What was put is ours, and old: the next attempt may replace it, also when this process does not live to make it.
        if (outcome.put !== undefined) object = await noteOldCopy(object, outcome.put);
        if (number >= OBJECT_ATTEMPTS) {
          return failed(object, attempts, "Changing", "The source changed each time while it was read.");
        }
      } catch (error) {
        if (!(error instanceof SideFailure)) throw error;
        const { side, failure } = error;
        switch (actionFor(side, failure)) {
          case "vanished":
            return changeOf(object, { state: "vanished", reason: "gone-from-source", attempts });
          case "stop":
            throw new LocatedFailure(route, side, failure);
          case "interrupted":
            if (signal.aborted || context.drain.aborted) return undefined;
            break;
          case "pause":
            if (++pauses > PAUSES_PER_OBJECT) throw new LocatedFailure(route, side, failure);
            pausing.begin(side, failure);
            number--;
            continue;
          case "give-up":
            return giveUp(object, attempts, side, failure);
          case "compare":
          case "again":
            break;
        }
        if (number >= OBJECT_ATTEMPTS) return giveUp(object, attempts, side, failure);
        reporter.log(
          "debug",
          `${route.name} ${object.key}: attempt ${number} failed with ${failure.code}: ${failure.message}`,
        );
        await sleep(backoffMs(number + 1, failure.retryAfterMs, Math.random()), undefined, { signal: patient });
      }
    }
  };

  const noteOldCopy = async (
    object: ObjectRecord,
    put: { readonly etag: string; readonly size: number },
  ): Promise<ObjectRecord> => {
    const change = changeOf(object, {
      state: "planned",
      reason: "source-changed",
      targetEtag: put.etag,
      targetSize: put.size,
    });
    await writer.add(change);
    return { ...object, ...change, updatedAt: object.updatedAt };
  };

  /** Fails the object, unless so many failed alike that it is the service's fault. */
  const giveUp = (
    object: ObjectRecord,
    attempts: number,
    side: Side,
    failure: StorageError,
  ): ObjectChange | undefined => {
    streak = extendStreak(streak, side, failure.code);
    const verdict = judgeStreak(streak, options.concurrency);
    if (verdict === "stop") throw new LocatedFailure(route, side, failure);
    if (verdict === "pause") {
      pausing.begin(side, failure);
      streak = NO_STREAK;
    }
    return failed(object, attempts, failure.code, failure.message);
  };

  return {
    async copy(object: ObjectRecord): Promise<void> {
      const share = bodyMemoryOf(object.size);
      let release: (() => void) | undefined;
      try {
        release = await budget.take(share, patient);
        const change = await attempt(object);
        if (change !== undefined) await writer.add(change);
      } catch (error) {
        // Interrupted while it waited for something: it stays planned.
        if (patient.aborted && error === patient.reason) return;
        if (patient.aborted && error instanceof Error && error.name === "AbortError") return;
        throw error;
      } finally {
        release?.();
      }
    },
  };
}

function changeAfter(
  object: ObjectRecord,
  outcome: Exclude<TransferOutcome, { readonly kind: "changed" }>,
  attempts: number,
): ObjectChange {
  switch (outcome.kind) {
    case "vanished":
      return changeOf(object, { state: "vanished", reason: "gone-from-source", attempts });
    case "occupied":
      return failed(object, attempts, "TargetOccupied", outcome.message);
    case "copied":
    case "adopted": {
      const { info, digests } = outcome;
      return changeOf(object, {
        state: "copied",
        reason: outcome.kind === "adopted" ? "adopted" : null,
        size: info.size,
        // A listing and a GET may name different times for one version; the listing's is what the next plan compares with.
        lastModified: info.etag === object.etag ? object.lastModified : info.lastModified.getTime(),
        etag: info.etag,
        version: info.version ?? null,
        contentType: info.contentType ?? null,
        sha256: digests.sha256,
        targetEtag: outcome.targetEtag,
        targetSize: outcome.targetSize,
        evidence: outcome.evidence,
        notCarried: outcome.notCarried,
        attempts,
        errorCode: null,
        errorMessage: null,
      });
    }
  }
}

function failed(object: ObjectRecord, attempts: number, code: string, message: string): ObjectChange {
  return changeOf(object, { state: "failed", attempts, errorCode: code, errorMessage: message });
}
