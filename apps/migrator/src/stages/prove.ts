import type { Config, Route } from "@bucketferry/config";
import type { ObjectRecord } from "@bucketferry/ledger";
import { looksLikeMd5 } from "../decide/compare-copies.ts";
import { actionFor } from "../decide/failure.ts";
import { proveObject, proveReference, type ReferenceProof } from "../decide/prove-object.ts";
import { evidenceFile, type EvidenceFile, type WrittenEvidence } from "../evidence/evidence-file.ts";
import { EVIDENCE_FORMAT, LIMITS, type EvidenceObject } from "../evidence/evidence-lines.ts";
import { recordedAgainstTarget, type ListedCopy } from "../listing/recorded-against-target.ts";
import { LocatedFailure } from "../located-failure.ts";
import { withSteadyHeap } from "../process/steady-heap.ts";
import type { StoredReference } from "../references/contract.ts";
import { masked } from "../references/text/mask.ts";
import { inOrder } from "../transfer/in-order.ts";
import { partBuffers, type PartBuffers } from "../transfer/part-buffers.ts";
import { pool } from "../transfer/pool.ts";
import { readDigests } from "../transfer/read-digests.ts";
import { at, SideFailure } from "../transfer/side-failure.ts";
import { VERSION } from "../version.ts";
import { withReferences } from "../with-references.ts";
import { referenceFetcher } from "./fetch-reference.ts";
import type { StageContext } from "./stage-context.ts";

type ObjectCounts = Partial<Record<EvidenceObject["proof"], number>>;
type ReferenceCounts = Partial<Record<ReferenceProof, number>>;

export interface ProveOptions {
  readonly config: Config;
  readonly file: string;
  /** Reads every object back and hashes it, instead of trusting the listing and the evidence on record. */
  readonly deep: boolean;
  /** Asks for every rewritten URL over HTTP. */
  readonly fetch: boolean;
  /** Somebody knows that strangers cannot read the URLs from here, and went on: then that is no problem of its own. */
  readonly acceptUnreachable: boolean;
  readonly concurrency: number;
}

export interface ProveSummary {
  readonly objects: ObjectCounts;
  readonly references: ReferenceCounts;
  /** Objects and references that are not proved. */
  readonly problems: number;
  readonly evidence: WrittenEvidence | undefined;
  readonly complete: boolean;
}

/**
 * Checks every object and every reference once more, from what the target and the database say now, and writes what it saw
 * to a file of JSON lines: a header, one line for each object and reference, a summary. Somebody else can check it again.
 */
export async function prove(context: StageContext, options: ProveOptions): Promise<ProveSummary> {
  const { drain, abort, ledger } = context;
  const file = await evidenceFile(options.file);
  const objects: ObjectCounts = {};
  const references: ReferenceCounts = {};
  try {
    file.add({
      type: "header",
      format: EVIDENCE_FORMAT,
      tool: `bucketferry ${VERSION}`,
      createdAt: new Date().toISOString(),
      fingerprint: ledger.fingerprint,
      deep: options.deep,
      routes: context.routes.map(({ name, sourceIdentity, targetIdentity }) => ({
        name,
        source: sourceIdentity,
        target: targetIdentity,
      })),
      limits: LIMITS,
    });
    for (const route of context.routes) {
      await withSteadyHeap(() => proveObjects(route, context, options, file, objects));
    }
    if (options.config.database !== undefined && !drain.aborted) {
      await proveReferences(context, options, file, references);
    }
    if (drain.aborted || abort.aborted) {
      await file.discard();
      return { objects, references, problems: 0, evidence: undefined, complete: false };
    }
    const problems =
      problemsIn(objects, ["proved", "skipped", "vanished"]) +
      problemsIn(references, ["proved", ...(options.acceptUnreachable ? ["unreachable"] : [])]);
    file.add({ type: "summary", finishedAt: new Date().toISOString(), objects, references, problems });
    const evidence = await file.finish();
    context.reporter.event({ type: "evidence", ...evidence });
    return { objects, references, problems, evidence, complete: true };
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function proveObjects(
  route: Route,
  { ledger, reporter, drain, abort }: StageContext,
  options: ProveOptions,
  file: EvidenceFile,
  counts: ObjectCounts,
): Promise<void> {
  const own = (await ledger.objects.count()).filter((count) => count.route === route.name);
  const progress = reporter.progress({
    stage: `prove ${route.name}`,
    totalObjects: own.reduce((sum, count) => sum + count.objects, 0),
    totalBytes: undefined,
  });
  const lines = inOrder<EvidenceObject>((line) => {
    counts[line.proof] = (counts[line.proof] ?? 0) + 1;
    file.add(line);
    progress.add(1, 0);
  });
  const onBytes = (bytes: number): void => {
    progress.add(0, bytes);
  };
  const buffers = partBuffers();
  const copies = async function* (): AsyncGenerator<ListedCopy & { readonly finish: (line: EvidenceObject) => void }> {
    for await (const copy of recordedAgainstTarget(route, ledger, abort)) {
      await file.drained();
      await lines.room();
      yield { ...copy, finish: lines.place() };
    }
  };
  try {
    await pool(
      copies(),
      async ({ object, listed, finish }) => {
        try {
          const seen = await proofOf(object, listed, route, { deep: options.deep, buffers, abort, onBytes });
          if (isProblem(seen.proof)) reportProblem(object, seen, reporter);
          finish(lineOf(object, seen, options.deep));
        } catch (error) {
          lines.giveUp();
          if (!abort.aborted) throw error;
        }
      },
      { concurrency: () => options.concurrency, drain: AbortSignal.any([drain, abort]) },
    );
  } finally {
    progress.end();
  }
}

/** What is said of one object, with what was read for it. */
interface SeenProof {
  readonly proof: EvidenceObject["proof"];
  readonly isSourceMd5?: boolean | null;
  readonly code?: string;
  readonly message?: string;
}

/** Objects that were left out on purpose, or that the source does not have any more, need no copy. */
async function proofOf(
  object: ObjectRecord,
  listed: ListedCopy["listed"],
  route: Route,
  {
    deep,
    buffers,
    abort,
    onBytes,
  }: {
    readonly deep: boolean;
    readonly buffers: PartBuffers;
    readonly abort: AbortSignal;
    readonly onBytes: (bytes: number) => void;
  },
): Promise<SeenProof> {
  if (object.state === "skipped" || object.state === "vanished") return { proof: object.state };
  try {
    // A listing without ETags cannot tell our copy from another one of the same size; asking costs one request.
    const seen =
      listed === undefined || listed.etag !== undefined
        ? listed
        : await at("target", route.target.head(object.targetKey, { signal: abort }));
    const proof = proveObject(object, seen);
    if (proof !== "proved" || !deep) return { proof };
    const md5 = looksLikeMd5(object.etag);
    const { sha256: expected } = object;
    const inParts = { buffers, listedSize: seen?.size };
    const reading = { signal: abort, onBytes, md5, expected, inParts };
    const { digests } = await readDigests("target", route.target, object.targetKey, reading);
    return digests.sha256 === object.sha256
      ? { proof, isSourceMd5: md5 ? digests.md5 === object.etag?.toLowerCase() : null }
      : { proof: "target-damaged" };
  } catch (error) {
    if (!(error instanceof SideFailure)) throw error;
    const { side, failure } = error;
    if (failure.code === "NotFound") return { proof: "target-lost" };
    const action = actionFor(side, failure);
    if (action === "stop" || action === "pause" || action === "interrupted") {
      throw new LocatedFailure(route, side, failure);
    }
    return { proof: "unchecked", code: failure.code, message: failure.message };
  }
}

function lineOf(object: ObjectRecord, { proof, isSourceMd5 = null }: SeenProof, deep: boolean): EvidenceObject {
  const proved = proof === "proved";
  return {
    type: "object",
    route: object.route,
    key: object.key,
    targetKey: object.targetKey,
    size: object.size,
    sha256: object.sha256,
    sourceEtag: object.etag,
    targetEtag: object.targetEtag,
    verifiedAt: proved ? new Date(deep ? Date.now() : object.updatedAt).toISOString() : null,
    // Both sides were read when it was verified, and the target again now: that is no less.
    evidence: proved && deep && object.evidence !== "both-read" ? "read-back" : object.evidence,
    isSourceMd5,
    proof,
  };
}

function isProblem(proof: EvidenceObject["proof"]): boolean {
  return proof !== "proved" && proof !== "skipped" && proof !== "vanished";
}

function reportProblem(
  object: ObjectRecord,
  { proof, code, message }: SeenProof,
  reporter: StageContext["reporter"],
): void {
  reporter.event({
    type: "object",
    stage: "prove",
    route: object.route,
    key: object.key,
    state: object.state,
    reason: proof,
    code: code ?? object.errorCode,
    message: message ?? object.errorMessage,
  });
}

async function proveReferences(
  { routes, ledger, reporter, drain, abort }: StageContext,
  options: ProveOptions,
  file: EvidenceFile,
  counts: ReferenceCounts,
): Promise<void> {
  const signal = AbortSignal.any([drain, abort]);
  const progress = reporter.progress({ stage: "prove references", totalObjects: undefined, totalBytes: undefined });
  const fetchReference = referenceFetcher();
  const proveOne = async (reference: StoredReference): Promise<void> => {
    await file.drained();
    const object = (await ledger.objects.find(reference.route, [reference.key])).get(reference.key);
    const answer =
      options.fetch && reference.side === "target" ? await fetchReference(reference.url, signal) : undefined;
    const proof = proveReference({ side: reference.side, object, answer });
    counts[proof] = (counts[proof] ?? 0) + 1;
    const { table, column, primaryKey, path, route, key } = reference;
    file.add({
      type: "reference",
      table,
      column,
      primaryKey,
      path: path ?? null,
      url: masked(reference.url),
      route,
      key,
      sha256: object?.sha256 ?? null,
      status: answer?.status ?? null,
      proof,
    });
    if (proof !== "proved")
      reporter.event({ type: "reference", table, column, primaryKey, route, key, problem: proof });
    progress.add(1, 0);
  };
  try {
    await withReferences(options.config, routes, (references) =>
      pool(references.prove({ signal, onEvent: (event) => reporter.event(event) }), proveOne, {
        concurrency: () => options.concurrency,
        drain: signal,
      }),
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    progress.end();
  }
}

function problemsIn(counts: Partial<Record<string, number>>, good: readonly string[]): number {
  return Object.entries(counts).reduce((sum, [proof, count]) => sum + (good.includes(proof) ? 0 : (count ?? 0)), 0);
}
