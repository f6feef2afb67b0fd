import type { Route } from "@bucketferry/config";
import type { ObjectEntry } from "@bucketferry/storage-core";
import { actionFor, type Side } from "../decide/failure.ts";
import { inSample, type Sample } from "../decide/sample.ts";
import { evidenceObjects } from "../evidence/check-evidence.ts";
import type { EvidenceObject } from "../evidence/evidence-lines.ts";
import { listSorted } from "../listing/list-sorted.ts";
import { lockStepPages } from "../listing/lock-step.ts";
import { LocatedFailure } from "../located-failure.ts";
import { withSteadyHeap } from "../process/steady-heap.ts";
import type { Reporter } from "../report/reporter.ts";
import { partBuffers, type PartBuffers } from "../transfer/part-buffers.ts";
import { pool } from "../transfer/pool.ts";
import { readDigests } from "../transfer/read-digests.ts";
import { SideFailure } from "../transfer/side-failure.ts";

export interface AuditOptions {
  readonly file: string;
  readonly routes: readonly Route[];
  /** Compares sizes and ETags with the target's listing, and reads nothing. */
  readonly quick: boolean;
  /** Also reads the source. */
  readonly source: boolean;
  readonly sample: Sample | undefined;
  /** Only these objects; undefined: all that the file calls proved. */
  readonly wanted: ((object: EvidenceObject) => boolean) | undefined;
  readonly concurrency: number;
  readonly reporter: Reporter;
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
}

export type AuditStatus = "equal" | "lost" | "changed" | "unreadable";

export interface AuditSummary {
  /** Objects that were looked at. */
  readonly objects: number;
  readonly target: Readonly<Record<AuditStatus, number>>;
  /** Undefined: the source was not asked. */
  readonly source: Readonly<Record<AuditStatus, number>> | undefined;
  readonly bytesRead: number;
  readonly complete: boolean;
}

type Counts = Record<AuditStatus, number>;

const NONE: Readonly<Counts> = { equal: 0, lost: 0, changed: 0, unreadable: 0 };

/** `auditSides` in a heap that does not grow with the number of objects. */
export function audit(options: AuditOptions): Promise<AuditSummary> {
  return withSteadyHeap(() => auditSides(options));
}

/**
 * Holds the storage against an evidence file that was checked: what it calls proved is read again, and has to have the
 * SHA-256 that it names. Needs no ledger; one line of the file is in memory for each object under way.
 */
async function auditSides(options: AuditOptions): Promise<AuditSummary> {
  const { drain, abort, reporter, source } = options;
  const counts = { target: { ...NONE }, source: source ? { ...NONE } : undefined };
  const progress = reporter.progress({ stage: "audit", totalObjects: undefined, totalBytes: undefined });
  let objects = 0;
  let bytesRead = 0;
  const onBytes = (bytes: number): void => {
    bytesRead += bytes;
    progress.add(0, bytes);
  };
  const note = (side: Side, object: EvidenceObject, { status, code, message }: Found): void => {
    const own = counts[side];
    if (own !== undefined) own[status]++;
    if (status === "equal") return;
    reporter.event({
      type: "audited",
      route: object.route,
      key: object.key,
      side,
      status,
      code: code ?? null,
      message: message ?? null,
    });
  };
  const buffers = partBuffers();
  const work = { concurrency: () => options.concurrency, drain: AbortSignal.any([drain, abort]) };
  const began = (): void => {
    objects++;
    progress.add(1, 0);
  };
  try {
    for (const route of options.routes) {
      if (drain.aborted) break;
      if (options.quick) {
        for await (const some of againstListing(route, options)) {
          if (drain.aborted) break;
          for (const { object, listed } of some) {
            began();
            note("target", object, listedAs(object, listed));
          }
        }
      }
      if (options.quick && !source) continue;
      await pool(
        objectsOf(route, options),
        async (object) => {
          const sides: readonly Side[] = [
            ...(options.quick ? [] : ["target" as const]),
            ...(source ? ["source" as const] : []),
          ];
          const found = await Promise.all(
            sides.map(async (side) => ({
              side,
              result: await readAgain(side, object, route, { buffers, abort, onBytes }),
            })),
          );
          if (!options.quick) began();
          for (const { side, result } of found) if (result !== "interrupted") note(side, object, result);
        },
        work,
      );
    }
  } catch (error) {
    if (!abort.aborted) throw error;
  } finally {
    progress.end();
  }
  return { objects, ...counts, bytesRead, complete: !drain.aborted && !abort.aborted };
}

interface Found {
  readonly status: AuditStatus;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** What the file calls proved, of one route, as far as it is asked for, many at a time. */
async function* objectPages(
  route: Route,
  { file, wanted, sample, abort }: AuditOptions,
): AsyncGenerator<readonly EvidenceObject[], void, undefined> {
  for await (const page of evidenceObjects(file, abort)) {
    const asked = page.filter(
      (object) =>
        object.route === route.name &&
        object.proof === "proved" &&
        (wanted === undefined || wanted(object)) &&
        (sample === undefined || inSample(sample, object.route, object.key)),
    );
    if (asked.length > 0) yield asked;
  }
}

async function* objectsOf(route: Route, options: AuditOptions): AsyncGenerator<EvidenceObject> {
  for await (const page of objectPages(route, options)) yield* page;
}

async function* againstListing(
  route: Route,
  options: AuditOptions,
): AsyncGenerator<readonly { readonly object: EvidenceObject; readonly listed: ObjectEntry | undefined }[]> {
  const steps = lockStepPages(
    { name: "the evidence", pages: objectPages(route, options), keyOf: (object) => object.targetKey },
    listSorted(route, "target", (entry) => entry.key, options.abort),
  );
  for await (const some of steps) {
    yield some.flatMap(({ a: object, b: listed }) => (object === undefined ? [] : [{ object, listed }]));
  }
}

function listedAs(object: EvidenceObject, listed: ObjectEntry | undefined): Found {
  if (listed === undefined) return { status: "lost" };
  const sameEtag = listed.etag === undefined || object.targetEtag === null || listed.etag === object.targetEtag;
  return { status: listed.size === object.size && sameEtag ? "equal" : "changed" };
}

async function readAgain(
  side: Side,
  object: EvidenceObject,
  route: Route,
  {
    buffers,
    abort,
    onBytes,
  }: { readonly buffers: PartBuffers; readonly abort: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<Found | "interrupted"> {
  const key = side === "source" ? object.key : object.targetKey;
  try {
    const { sha256: expected, size: listedSize } = object;
    const reading = { signal: abort, onBytes, expected, inParts: { buffers, listedSize } };
    const { digests } = await readDigests(side, route[side], key, reading);
    return { status: digests.sha256 === object.sha256 ? "equal" : "changed" };
  } catch (error) {
    if (!(error instanceof SideFailure)) throw error;
    const { failure } = error;
    if (failure.code === "NotFound") return { status: "lost" };
    const action = actionFor(side, failure);
    if (action === "interrupted" && abort.aborted) return "interrupted";
    if (action === "stop" || action === "pause") throw new LocatedFailure(route, side, failure);
    return { status: "unreadable", code: failure.code, message: failure.message };
  }
}
