import type { Route } from "@bucketferry/config";
import { changeOf, type Evidence, type ObjectChange, type ObjectRecord } from "@bucketferry/ledger";
import { looksLikeMd5 } from "../decide/compare-copies.ts";
import { compareMetadata, type MetadataDifference } from "../decide/compare-metadata.ts";
import { actionFor } from "../decide/failure.ts";
import { inSample, type Sample } from "../decide/sample.ts";
import {
  judgeRead,
  verifyObject,
  type ReadSide,
  type Settled,
  type VerifyDecision,
  type VerifyDepth,
} from "../decide/verify-object.ts";
import { diffFile, type DiffFile, type DiffFormat } from "../diff/diff-file.ts";
import { doubtOf, type DiffRow } from "../diff/diff-row.ts";
import { diffTally, type DiffCount } from "../diff/diff-tally.ts";
import { threeSides, type ThreeSides } from "../listing/three-sides.ts";
import { LocatedFailure } from "../located-failure.ts";
import { withSteadyHeap } from "../process/steady-heap.ts";
import { inOrder } from "../transfer/in-order.ts";
import { md5Habit } from "../transfer/md5-habit.ts";
import { partBuffers } from "../transfer/part-buffers.ts";
import { pool } from "../transfer/pool.ts";
import { readDigests, type ReadObject } from "../transfer/read-digests.ts";
import { at, SideFailure } from "../transfer/side-failure.ts";
import type { StageContext } from "./stage-context.ts";

export interface VerifyOptions {
  readonly depth: VerifyDepth;
  readonly concurrency: number;
  /** Only these objects are read; all others are looked at as `quick` does. Undefined: all of them. */
  readonly sample?: Sample | undefined;
  /** Also asks both sides for headers and user metadata, and compares them. Whatever is read shows them anyway. */
  readonly metadata?: boolean | undefined;
  /** Where every object of the diff goes. */
  readonly diff?: { readonly path: string; readonly format: DiffFormat } | undefined;
}

export interface VerifySummary {
  /** `verified` in the ledger when the pass was over. */
  readonly verified: number;
  readonly byEvidence: Partial<Record<Evidence, number>>;
  /** Objects by how source and target stand to each other. */
  readonly diff: Readonly<Record<DiffRow["status"], number>>;
  /** The same in detail, the equal ones aside. */
  readonly reasons: readonly DiffCount[];
  /** Objects that somebody has to look at, or that have to be copied. */
  readonly troubles: number;
  /** Look right in the listing, and there is no evidence about their bytes. */
  readonly unproved: number;
  /** Have to be copied again: lost, replaced or damaged at the target, or changed at the source. */
  readonly planAgain: Partial<Record<string, number>>;
  /** Could not be checked this time. */
  readonly unchecked: number;
  /** Gone from both sides. */
  readonly vanished: number;
  /** Objects whose bodies were read, on one side or both. */
  readonly objectsRead: number;
  readonly bytesRead: number;
  /** Source objects whose ETag looks like an MD5 and is not that of the bytes, where nothing says that it should be. */
  readonly md5Unproved: number;
  readonly sample: Sample | undefined;
  readonly diffFile: string | undefined;
  readonly complete: boolean;
}

/**
 * Compares the two sides object by object, and makes `verified` of `copied` on evidence only. A page of each listing is one
 * request for a thousand objects; a body is read only where nothing else proves its bytes, or with `deep`.
 */
export async function verify(context: StageContext, options: VerifyOptions): Promise<VerifySummary> {
  const { ledger, reporter, drain, abort } = context;
  const known = await ledger.objects.count();
  const progress = reporter.progress({
    stage: "verify",
    totalObjects: known.reduce((sum, count) => sum + count.objects, 0),
    totalBytes: undefined,
  });
  const tally = diffTally();
  const counts = { objectsRead: 0, bytesRead: 0, md5Unproved: 0, vanished: 0, planAgain: {} as Record<string, number> };
  const writer = ledger.writer({
    onCommitted(change) {
      if (change.state === "vanished") counts.vanished++;
      if (change.state !== "planned") return;
      counts.planAgain[change.reason ?? ""] = (counts.planAgain[change.reason ?? ""] ?? 0) + 1;
    },
  });
  const file = options.diff === undefined ? undefined : await diffFile(options.diff.path, options.diff.format);
  let complete: boolean;
  try {
    for (const route of context.routes) {
      if (drain.aborted) break;
      const emit = (row: DiffRow | undefined): void => {
        if (row === undefined) return;
        tally.add(row);
        file?.add(row);
        if (row.status !== "equal") reporter.event({ type: "diff", ...row });
        progress.add(1, 0);
      };
      const onBytes = (bytes: number): void => {
        counts.bytesRead += bytes;
        progress.add(0, bytes);
      };
      await withSteadyHeap(() => verifyRoute(route, context, options, { writer, file, emit, onBytes, counts }));
    }
    await writer.end();
    complete = !drain.aborted && !abort.aborted;
    // A diff that ends in the middle would call everything behind it fine.
    await (complete ? file?.finish() : file?.discard());
  } catch (error) {
    await file?.discard();
    throw error;
  } finally {
    progress.end();
  }
  return {
    ...tally.summary(),
    ...counts,
    sample: options.sample,
    diffFile: complete ? file?.path : undefined,
    complete,
  };
}

interface SharedParts {
  readonly writer: ReturnType<StageContext["ledger"]["writer"]>;
  readonly file: DiffFile | undefined;
  /** Takes the rows in key order; undefined: a key that is on neither side. */
  readonly emit: (row: DiffRow | undefined) => void;
  readonly onBytes: (bytes: number) => void;
  readonly counts: { objectsRead: number; md5Unproved: number };
}

/** A key whose row needs requests, and whom the row goes to. */
interface OpenCase {
  readonly sides: ThreeSides;
  readonly finish: (row: DiffRow | undefined) => void;
}

async function verifyRoute(
  route: Route,
  { ledger, drain, abort }: StageContext,
  options: VerifyOptions,
  { writer, file, emit, onBytes, counts }: SharedParts,
): Promise<void> {
  const rows = inOrder<DiffRow | undefined>(emit);
  const look = looker(route, { abort, options, onBytes, counts });

  /** What the listings decide is settled here, without a promise for each; what needs a request goes on to the pool. */
  const openCases = async function* (): AsyncGenerator<OpenCase> {
    for await (const page of threeSides(route, ledger, abort)) {
      if (drain.aborted) return;
      await file?.drained();
      for (const sides of page) {
        const room = rows.room();
        if (room !== undefined) await room;
        const finish = rows.place();
        const seen = look.atListings(sides);
        if (seen === undefined) {
          yield { sides, finish };
          continue;
        }
        const change = changeAfter(sides.known, seen);
        if (change !== undefined) await writer.add(change);
        finish(rowOf(route, sides, seen, change));
      }
    }
  };
  await pool(
    openCases(),
    async ({ sides, finish }) => {
      try {
        const seen = await look.closely(sides);
        if (seen === "interrupted") {
          rows.giveUp();
          return;
        }
        const change = changeAfter(sides.known, seen);
        if (change !== undefined) await writer.add(change);
        finish(rowOf(route, sides, seen, change));
      } catch (error) {
        rows.giveUp();
        throw error;
      }
    },
    { concurrency: () => options.concurrency, drain: AbortSignal.any([drain, abort]) },
  );
}

/** Everything that is known of one key in the end. */
interface Seen {
  readonly decision: Settled | Extract<VerifyDecision, { readonly action: "none" }>;
  readonly source?: ReadObject | undefined;
  readonly target?: ReadObject | undefined;
  readonly metadata?: readonly MetadataDifference[];
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

const SAME: readonly MetadataDifference[] = [];

function looker(
  route: Route,
  {
    abort,
    options,
    onBytes,
    counts,
  }: Pick<SharedParts, "onBytes" | "counts"> & { readonly abort: AbortSignal; readonly options: VerifyOptions },
) {
  const { sample, metadata = false } = options;
  const habit = md5Habit(route.source, abort);
  const buffers = partBuffers();
  const depthOf = (key: string): VerifyDepth =>
    sample === undefined || inSample(sample, route.name, key) ? options.depth : "quick";

  const read = async (sides: ThreeSides, which: "source" | "target" | "both"): Promise<Seen> => {
    const { key, targetKey, source: listedSource, known } = sides;
    const md5Wanted = listedSource?.etag === undefined || looksLikeMd5(listedSource.etag);
    counts.objectsRead++;
    const reading = { signal: abort, onBytes, expected: known?.sha256 };
    const [source, target] = await bothOrFailure(
      which === "target"
        ? undefined
        : readDigests("source", route.source, key, {
            ...reading,
            md5: md5Wanted,
            inParts: { buffers, listedSize: listedSource?.size },
          }),
      which === "source"
        ? undefined
        : readDigests("target", route.target, targetKey, {
            ...reading,
            inParts: { buffers, listedSize: sides.target?.size },
          }),
    );
    const md5 = source?.digests.md5 === undefined ? undefined : await habit.judge(source.info.etag, source.digests.md5);
    if (md5 === "unproved") counts.md5Unproved++;
    const decision = judgeRead({
      known,
      listedSource,
      source: source && { ...sideOf(source), md5 },
      target: target && sideOf(target),
    });
    return { decision, source, target };
  };

  const compareHeads = async (sides: ThreeSides, seen: Seen): Promise<Seen> => {
    const { decision } = seen;
    if (decision.action !== "settle" || decision.status !== "equal") return seen;
    const wasRead = seen.source !== undefined && seen.target !== undefined;
    if (!wasRead && !metadata) return seen;
    const [source, target] = await bothOrFailure(
      seen.source === undefined
        ? at("source", route.source.head(sides.key, { signal: abort }))
        : Promise.resolve(seen.source.info),
      seen.target === undefined
        ? at("target", route.target.head(sides.targetKey, { signal: abort }))
        : Promise.resolve(seen.target.info),
    );
    const differences =
      source === undefined || target === undefined ? SAME : compareMetadata(source, target, route.target.capabilities);
    if (differences.length === 0) return seen;
    return { ...seen, decision: { ...decision, status: "differ", reason: "metadata" }, metadata: differences };
  };

  const closely = async (sides: ThreeSides): Promise<Seen> => {
    const { key, targetKey, source, known } = sides;
    // A listing without ETags cannot tell our copy from another one of the same size; asking costs one request.
    const target = needsEtag(sides)
      ? await at("target", route.target.head(targetKey, { signal: abort }))
      : sides.target;
    const decision = verifyObject({ source, target, known, depth: depthOf(key) });
    if (decision.action === "none") return { decision };
    return compareHeads(sides, decision.action === "settle" ? { decision } : await read(sides, decision.sides));
  };

  return {
    /** What the listings and the ledger decide alone; undefined when a request is needed. */
    atListings(sides: ThreeSides): Seen | undefined {
      if (needsEtag(sides)) return undefined;
      const { source, target, known } = sides;
      const decision = verifyObject({ source, target, known, depth: depthOf(sides.key) });
      if (decision.action === "read") return undefined;
      return metadata && decision.action === "settle" && decision.status === "equal" ? undefined : { decision };
    },
    async closely(sides: ThreeSides): Promise<Seen | "interrupted"> {
      try {
        return await closely(sides);
      } catch (error) {
        if (!(error instanceof SideFailure)) throw error;
        return afterFailure(error, sides, route, abort);
      }
    },
  };
}

/** What a failed request says of its object; what it says of the run is thrown. */
function afterFailure(
  { side, failure }: SideFailure,
  sides: ThreeSides,
  route: Route,
  abort: AbortSignal,
): Seen | "interrupted" {
  const told = { code: failure.code, message: failure.message };
  const action = actionFor(side, failure);
  if (action === "interrupted" && abort.aborted) return "interrupted";
  if (action === "stop" || action === "pause") throw new LocatedFailure(route, side, failure);
  const unreadable = (reason: "listed-without-bytes" | "unchecked"): Seen => ({
    decision: { action: "settle", status: "unreadable", reason, evidence: null, record: { step: "keep" } },
    ...told,
  });
  if (failure.code !== "NotFound") return unreadable("unchecked");
  if (side === "source") return unreadable("listed-without-bytes");
  const put = sides.known?.state === "copied" || sides.known?.state === "verified";
  return {
    decision: {
      action: "settle",
      status: "only-source",
      reason: "target-lost",
      evidence: null,
      record: put ? { step: "plan-again", reason: "target-lost" } : { step: "keep" },
    },
    ...told,
  };
}

function needsEtag({ target, known }: ThreeSides): boolean {
  return target !== undefined && target.etag === undefined && known !== undefined && known.targetEtag !== null;
}

function sideOf({ info, digests }: ReadObject): ReadSide {
  return { etag: info.etag, size: info.size, digests };
}

/** Waits for both, so that nothing goes on unheard when one fails; then throws the first failure. */
async function bothOrFailure<T>(
  source: Promise<T> | undefined,
  target: Promise<T> | undefined,
): Promise<readonly [T | undefined, T | undefined]> {
  const [one, other] = await Promise.allSettled([source, target]);
  if (one.status === "rejected") throw one.reason;
  if (other.status === "rejected") throw other.reason;
  return [one.value, other.value];
}

/** What the ledger has to learn; undefined when it knows it already. */
function changeAfter(known: ObjectRecord | undefined, { decision }: Seen): ObjectChange | undefined {
  if (known === undefined) return undefined;
  const { record } = decision;
  switch (record.step) {
    case "keep":
      return undefined;
    case "verified": {
      const evidence = isEvidence(record.evidence) ? record.evidence : known.evidence;
      if (known.state === "verified" && known.evidence === evidence) return undefined;
      return changeOf(known, { state: "verified", evidence });
    }
    case "plan-again": {
      const doubt = decision.action === "settle" ? doubtOf(decision.reason) : undefined;
      return changeOf(known, {
        state: "planned",
        reason: record.reason,
        evidence: null,
        attempts: 0,
        errorCode: doubt?.code ?? null,
        errorMessage: doubt?.message ?? null,
      });
    }
    case "vanish":
      return changeOf(known, { state: "vanished", reason: "gone-from-source" });
  }
}

function isEvidence(because: DiffRow["evidence"]): because is Evidence {
  return because !== null && because !== "same-md5-etag";
}

function rowOf(route: Route, sides: ThreeSides, seen: Seen, change: ObjectChange | undefined): DiffRow | undefined {
  const { decision, metadata = SAME } = seen;
  if (decision.action === "none") return undefined;
  const { key, targetKey, known } = sides;
  const told = toldOf(seen, known);
  const source = seen.source?.info ?? sides.source;
  const target = seen.target?.info ?? sides.target;
  return {
    route: route.name,
    key,
    targetKey,
    status: decision.status,
    reason: decision.reason,
    state: change?.state ?? known?.state ?? null,
    evidence: decision.evidence,
    sourceSize: source?.size ?? null,
    targetSize: target?.size ?? null,
    sourceEtag: source?.etag ?? null,
    targetEtag: target?.etag ?? null,
    sourceSha256: seen.source?.digests.sha256 ?? null,
    targetSha256: seen.target?.digests.sha256 ?? null,
    metadata,
    code: told.code ?? null,
    message: told.message ?? null,
  };
}

interface Told {
  readonly code?: string | null | undefined;
  readonly message?: string | null | undefined;
}

/** Why, in words: what a side answered, what is wrong with the source, or what the ledger knows of an object without a copy. */
function toldOf({ decision, code, message }: Seen, known: ObjectRecord | undefined): Told {
  if (code !== undefined || decision.action !== "settle") return { code, message };
  if (decision.reason === "failed" || decision.reason === "skipped") {
    return { code: known?.errorCode, message: known?.errorMessage ?? known?.reason };
  }
  return doubtOf(decision.reason) ?? {};
}
