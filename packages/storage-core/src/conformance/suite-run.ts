import type { StorageProvider } from "../contract/provider.ts";
import type { CaseLevel, CaseResult, ConformanceCase, Harness, RunRecord } from "./case.ts";
import { checkHarness } from "./check-harness.ts";
import { suiteReport, type SuiteReport } from "./report.ts";
import { runCase, type RunSurroundings } from "./run-case.ts";
import { CONFORMANCE_CASES } from "./suite.ts";
import { verdictOn, type AcceptedSkips } from "./verdict.ts";
import { watchUnhandledRejections } from "./unhandled-rejections.ts";

export interface SuiteRunOptions {
  /** Which skipped core cases are no failure; none when absent. */
  readonly acceptSkipped?: AcceptedSkips | undefined;
  /** Seed of everything random in the cases but their prefix; the same one when absent. */
  readonly seed?: string | undefined;
  /** How long one case may take. */
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_CASE_TIMEOUT_MS = 60_000;

/** One run over one harness: case after case, in the order in which the caller asks. Every binding is built on it. */
export interface SuiteRun {
  run(one: ConformanceCase): Promise<CaseResult>;
  /** Closes the providers, destroys the harness and counts. */
  finish(): Promise<SuiteReport>;
}

/** Opens the harness for these cases. One that cannot be used is destroyed, and the reason thrown. */
export async function startSuite(
  harness: Harness,
  options: SuiteRunOptions = {},
  cases: readonly ConformanceCase[] = CONFORMANCE_CASES,
): Promise<SuiteRun> {
  try {
    checkHarness(harness, cases);
    return suiteRun(harness, options, await harness.createProvider(), await harness.createProvider());
  } catch (error) {
    await harness.destroy();
    throw error;
  }
}

function suiteRun(
  harness: Harness,
  { acceptSkipped = [], seed = "bucketferry", timeoutMs = DEFAULT_CASE_TIMEOUT_MS }: SuiteRunOptions,
  provider: StorageProvider,
  janitor: StorageProvider,
): SuiteRun {
  const rejections = watchUnhandledRejections();
  const results: CaseResult[] = [];
  const leakedKeys: RunRecord["leakedKeys"][number][] = [];
  const leakedUploads: RunRecord["leakedUploads"][number][] = [];
  const uncleaned: RunRecord["uncleaned"][number][] = [];
  const record: RunRecord = {
    // Two runs over one bucket must not meet, so this part is not seeded.
    prefix: `conformance-${crypto.randomUUID().slice(0, 8)}/`,
    results,
    leakedKeys,
    leakedUploads,
    uncleaned,
    unhandledRejections: rejections.seen,
  };
  const surroundings: RunSurroundings = {
    harness,
    provider,
    janitor,
    record,
    seed,
    timeoutMs,
    leakedKey: (leak) => leakedKeys.push(leak),
    leakedUpload: (leak) => leakedUploads.push(leak),
    uncleaned: (leftover) => uncleaned.push(leftover),
  };
  return {
    run: async (one) => {
      const result = verdictOn(await runCase(one, surroundings), harness, acceptSkipped);
      results.push(result);
      return result;
    },
    finish: async () => {
      const closings = await Promise.allSettled([provider.close(), janitor.close()]);
      rejections.stop();
      await harness.destroy();
      for (const closing of closings) if (closing.status === "rejected") throw closing.reason;
      return suiteReport(harness.name, results);
    },
  };
}

/** Levels and ids that a run is limited to. */
export interface CaseSelection {
  /** `core` and `extended` when absent; `stress` is asked for by name. */
  readonly levels?: readonly CaseLevel[] | undefined;
  /** Ids (`A01`) or whole sections (`A`); everything when absent. */
  readonly only?: readonly string[] | undefined;
}

export function selectCases(
  cases: readonly ConformanceCase[],
  { levels = ["core", "extended"], only }: CaseSelection,
): readonly ConformanceCase[] {
  const unknown = (only ?? []).filter((wanted) => !cases.some(({ id }) => id.startsWith(wanted)));
  if (unknown.length > 0) {
    throw new TypeError(`only: no case has the id or section ${unknown.map((id) => `"${id}"`).join(", ")}`);
  }
  return cases.filter(
    ({ id, level }) => levels.includes(level) && (only === undefined || only.some((wanted) => id.startsWith(wanted))),
  );
}
