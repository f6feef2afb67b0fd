import type { MultipartUpload, StorageProvider } from "../contract/provider.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import { isStorageError } from "../errors/storage-error.ts";
import type {
  CaseContext,
  CaseOutcome,
  CaseResult,
  ConformanceCase,
  Harness,
  HarnessAbility,
  RunRecord,
  Variant,
} from "./case.ts";
import { CheckFailure, show, within } from "./check.ts";
import { missingNeeds } from "./needs.ts";
import { seededRandom } from "./random.ts";

/** What every case of a run shares. `record` is what cases may see of it. */
export interface RunSurroundings {
  readonly harness: Harness;
  /** The instance that cases use. */
  readonly provider: StorageProvider;
  /** An instance that cleans up, so that whatever a case does to its own cannot disturb it. */
  readonly janitor: StorageProvider;
  readonly record: RunRecord;
  readonly seed: string;
  readonly timeoutMs: number;
  readonly leakedKey: (leak: RunRecord["leakedKeys"][number]) => void;
  readonly leakedUpload: (leak: RunRecord["leakedUploads"][number]) => void;
  readonly uncleaned: (leftover: RunRecord["uncleaned"][number]) => void;
}

/** How long a case may go on after its signal has ended it, and how long cleaning up may take. */
const GRACE_MS = 10_000;
const CLEANING_MS = 120_000;

class Skipped extends Error {}

type Plan =
  | { readonly kind: "run" | "refuse" }
  | { readonly kind: "settled"; readonly outcome: CaseOutcome; readonly reason: string };

/** One case, from a clean prefix to a clean prefix. Never rejects; what goes wrong is in the result. */
export async function runCase(one: ConformanceCase, run: RunSurroundings): Promise<CaseResult> {
  const { harness, provider } = run;
  const missing = missingNeeds(one.needs, provider.capabilities);
  const plan = planFor(one, missing, harness);
  const started = performance.now();
  const result = (outcome: CaseOutcome, reason?: string, error?: unknown, requests?: number): CaseResult => ({
    id: one.id,
    title: one.title,
    level: one.level,
    outcome,
    reason,
    error,
    durationMs: performance.now() - started,
    requests,
  });
  if (plan.kind === "settled") return result(plan.outcome, plan.reason);

  const before = harness.requests?.();
  const attempt = await attemptCase(one, plan.kind, run);
  const requests = before === undefined ? undefined : (harness.requests?.() ?? before) - before;
  const cleaning = await cleanUp(one, attempt, run);

  const error = attempt.error ?? cleaning;
  if (attempt.error instanceof Skipped) return result("skipped", attempt.error.message, undefined, requests);
  if (error !== undefined) return result("failed", show(error), error, requests);
  if (plan.kind === "run") return result("passed", undefined, undefined, requests);
  if (requests !== undefined && requests > 0) {
    return result("failed", `without ${missing.join(", ")} it was refused, but only after ${requests} requests`);
  }
  return result("refused", missing.join(", "), undefined, requests);
}

function planFor(one: ConformanceCase, missing: readonly string[], harness: Harness): Plan {
  if (missing.length > 0) {
    if (one.refusal !== undefined) return { kind: "refuse" };
    return { kind: "settled", outcome: "inapplicable", reason: missing.join(", ") };
  }
  for (const ability of one.asks) {
    const reason = harness.without[ability];
    if (reason !== undefined && reason.trim() !== "") {
      return { kind: "settled", outcome: "skipped", reason: `without ${ability}: ${reason}` };
    }
    if (!offers(harness, ability)) {
      const message = `the harness neither offers "${ability}" nor says in \`without\` why it cannot`;
      return { kind: "settled", outcome: "failed", reason: message };
    }
  }
  return { kind: "run" };
}

function offers(harness: Harness, ability: HarnessAbility): boolean {
  if (ability === "requests") return harness.requests !== undefined;
  if (ability === "faults") return harness.faults !== undefined;
  if (ability === "anonymousFetch") return harness.fetch !== undefined;
  return harness.createVariant !== undefined;
}

interface Attempt {
  readonly prefix: string;
  readonly afterwards: readonly (() => Promise<unknown>)[];
  readonly error: unknown;
}

async function attemptCase(one: ConformanceCase, kind: "run" | "refuse", run: RunSurroundings): Promise<Attempt> {
  const { harness, provider, record } = run;
  const prefix = `${record.prefix}${one.id.toLowerCase()}/`;
  const afterwards: (() => Promise<unknown>)[] = [];
  const timeoutMs = Math.max(one.timeoutMs ?? 0, run.timeoutMs);
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new CheckFailure(`not done after its time of ${timeoutMs} ms`)),
    timeoutMs,
  );
  const closedAfterwards = async (created: Promise<StorageProvider>): Promise<StorageProvider> => {
    const made = await created;
    afterwards.push(() => made.close());
    return made;
  };
  const context: CaseContext = {
    provider,
    harness,
    capabilities: provider.capabilities,
    prefix,
    key: (name) => prefix + name,
    signal: controller.signal,
    random: seededRandom(`${run.seed}:${one.id}`),
    skip: (reason) => {
      throw new Skipped(reason);
    },
    createProvider: () => closedAfterwards(harness.createProvider()),
    createVariant: (variant) => closedAfterwards(createVariant(harness, variant)),
    afterwards: (action) => {
      afterwards.push(action);
    },
    run: record,
  };

  harness.faults?.clear();
  let error: unknown;
  try {
    const running = kind === "run" ? one.run(context) : (one.refusal?.(context) ?? Promise.resolve());
    // A case that ignores its signal must not hold up the run; what becomes of it then is nobody's business any more.
    running.catch(() => {});
    await within(timeoutMs + GRACE_MS, running, "the case");
  } catch (thrown) {
    error =
      controller.signal.aborted && !(thrown instanceof CheckFailure) ? timedOut(controller.signal, thrown) : thrown;
    error ??= new CheckFailure("the case threw undefined");
  } finally {
    clearTimeout(timer);
    // Ends whatever the case left running, such as a loop of readers beside a failed check.
    controller.abort(new CheckFailure("the case has ended"));
    harness.faults?.clear();
  }
  return { prefix, afterwards, error };
}

function timedOut(signal: AbortSignal, thrown: unknown): CheckFailure {
  return new CheckFailure(`${(signal.reason as Error).message}; it was stopped with: ${show(thrown)}`, {
    cause: thrown,
  });
}

async function createVariant(harness: Harness, variant: Variant): Promise<StorageProvider> {
  if (harness.createVariant === undefined) throw new CheckFailure(`the harness has no variant "${variant}"`);
  return harness.createVariant(variant);
}

/**
 * Leaves nothing behind. What a case registered for afterwards belongs to it, and its failure is the case's; what cannot
 * be removed is told of in X01 and X02, so that a service without one request does not fail every case there is.
 */
async function cleanUp(one: ConformanceCase, attempt: Attempt, run: RunSurroundings): Promise<unknown> {
  const signal = AbortSignal.timeout(CLEANING_MS);
  let failure: unknown;
  for (const action of attempt.afterwards.toReversed()) {
    try {
      await within(CLEANING_MS, action(), "after the case");
    } catch (error) {
      failure ??= new CheckFailure(`after the case: ${show(error)}`, { cause: error });
    }
  }
  for (const [what, action] of [
    ["uploads", abortUploads],
    ["objects", deleteObjects],
  ] as const) {
    try {
      await within(CLEANING_MS, action(one, attempt.prefix, run, signal), `removing the ${what} of the case`);
    } catch (error) {
      run.uncleaned({ caseId: one.id, what, reason: show(error) });
    }
  }
  return failure;
}

async function abortUploads(
  { id }: ConformanceCase,
  prefix: string,
  { janitor, leakedUpload }: RunSurroundings,
  signal: AbortSignal,
): Promise<void> {
  for (const upload of await openUploads(janitor, prefix, signal)) {
    leakedUpload({ caseId: id, upload });
    await janitor.multipart.abort(upload, { signal });
  }
}

async function deleteObjects(
  { id }: ConformanceCase,
  prefix: string,
  { janitor, leakedKey }: RunSurroundings,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { key, error } of janitor.deleteMany(keysUnder(janitor, prefix, signal), { signal })) {
      if (error !== undefined) leakedKey({ caseId: id, key, reason: error.message });
    }
  } catch {
    // Where many at once are too much, each by itself may do.
    for await (const key of keysUnder(janitor, prefix, signal)) {
      await janitor.delete(key, { signal }).catch((error: unknown) => {
        leakedKey({ caseId: id, key, reason: show(error) });
      });
    }
  }
}

async function openUploads(
  provider: StorageProvider,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly MultipartUpload[]> {
  if (!hasMultipart(provider.capabilities)) return [];
  const uploads: MultipartUpload[] = [];
  try {
    for await (const upload of provider.multipart.list({ prefix, signal })) uploads.push(upload);
  } catch (error) {
    // A service that lacks this one request fails the cases that are about it, and not every case there is.
    if (!isStorageError(error, "Unsupported")) throw error;
  }
  return uploads;
}

async function* keysUnder(provider: StorageProvider, prefix: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const entry of provider.list({ prefix, signal })) {
    if (entry.type === "object") yield entry.key;
  }
}

function hasMultipart(capabilities: Capabilities): boolean {
  return capabilities.multipart !== false;
}
