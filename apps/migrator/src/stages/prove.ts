import type { Config, Route } from "@bucketferry/config";
import { OBJECT_STATES, type ObjectRecord } from "@bucketferry/ledger";
import { proveObject, proveReference, type ObjectProof, type ReferenceProof } from "../decide/prove-object.ts";
import { recordedAgainstTarget, type ListedCopy } from "../listing/recorded-against-target.ts";
import { masked } from "../references/text/mask.ts";
import type { StoredReference } from "../references/contract.ts";
import { readDigests } from "../transfer/compare-at-target.ts";
import { pool } from "../transfer/pool.ts";
import { VERSION } from "../version.ts";
import { withReferences } from "../with-references.ts";
import { evidenceFile, type EvidenceFile, type WrittenEvidence } from "./evidence-file.ts";
import { referenceFetcher } from "./fetch-reference.ts";
import type { StageContext } from "./stage-context.ts";

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
  readonly objects: Partial<Record<ObjectProof | "skipped" | "vanished", number>>;
  readonly references: Partial<Record<ReferenceProof, number>>;
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
  const objects: Partial<Record<ObjectProof | "skipped" | "vanished", number>> = {};
  const references: Partial<Record<ReferenceProof, number>> = {};
  try {
    await file.add({
      type: "header",
      version: VERSION,
      at: new Date().toISOString(),
      fingerprint: ledger.fingerprint,
      deep: options.deep,
      routes: context.routes.map(({ name, sourceIdentity, targetIdentity }) => ({
        name,
        source: sourceIdentity,
        target: targetIdentity,
      })),
    });
    for (const route of context.routes) await proveObjects(route, context, options, file, objects);
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
    await file.add({ type: "summary", at: new Date().toISOString(), objects, references, problems });
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
  counts: Partial<Record<ObjectProof | "skipped" | "vanished", number>>,
): Promise<void> {
  const own = (await ledger.objects.count()).filter((count) => count.route === route.name);
  const progress = reporter.progress({
    stage: `prove ${route.name}`,
    totalObjects: own.reduce((sum, count) => sum + count.objects, 0),
    totalBytes: undefined,
  });
  const proveOne = async ({ object, listed }: ListedCopy): Promise<void> => {
    let proof = await explained(object, listed, route, abort);
    if (proof === "proved" && options.deep) {
      const read = await readDigests(route.target, object.targetKey, abort);
      if (read.digests.sha256 !== object.sha256) proof = "target-damaged";
    }
    counts[proof] = (counts[proof] ?? 0) + 1;
    await file.add({
      type: "object",
      route: object.route,
      key: object.key,
      targetKey: object.targetKey,
      size: object.size,
      sha256: object.sha256,
      targetEtag: object.targetEtag,
      evidence: proof === "proved" && options.deep ? "read-back" : object.evidence,
      proof,
    });
    if (proof !== "proved" && proof !== "skipped" && proof !== "vanished") {
      reporter.event({
        type: "object",
        stage: "prove",
        route: object.route,
        key: object.key,
        state: object.state,
        reason: proof,
        code: object.errorCode,
        message: object.errorMessage,
      });
    }
    progress.add(1, 0);
  };
  try {
    await pool(recordedAgainstTarget(route, ledger, OBJECT_STATES, abort), proveOne, {
      concurrency: () => options.concurrency,
      drain: AbortSignal.any([drain, abort]),
    });
  } finally {
    progress.end();
  }
}

/** Objects that were left out on purpose, or that the source does not have any more, need no copy. */
async function explained(
  object: ObjectRecord,
  listed: ListedCopy["listed"],
  route: Route,
  signal: AbortSignal,
): Promise<ObjectProof | "skipped" | "vanished"> {
  if (object.state === "skipped" || object.state === "vanished") return object.state;
  if (listed === undefined || listed.etag !== undefined) return proveObject(object, listed);
  return proveObject(object, await route.target.head(object.targetKey, { signal }));
}

async function proveReferences(
  { routes, ledger, reporter, drain, abort }: StageContext,
  options: ProveOptions,
  file: EvidenceFile,
  counts: Partial<Record<ReferenceProof, number>>,
): Promise<void> {
  const signal = AbortSignal.any([drain, abort]);
  const progress = reporter.progress({ stage: "prove references", totalObjects: undefined, totalBytes: undefined });
  const fetchReference = referenceFetcher();
  const proveOne = async (reference: StoredReference): Promise<void> => {
    const object = (await ledger.objects.find(reference.route, [reference.key])).get(reference.key);
    const answer =
      options.fetch && reference.side === "target" ? await fetchReference(reference.url, signal) : undefined;
    const proof = proveReference({ side: reference.side, object, answer });
    counts[proof] = (counts[proof] ?? 0) + 1;
    const { table, column, primaryKey, path, route, key } = reference;
    await file.add({
      type: "reference",
      table,
      column,
      primaryKey,
      path,
      url: masked(reference.url),
      route,
      key,
      sha256: object?.sha256 ?? null,
      status: answer?.status,
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
