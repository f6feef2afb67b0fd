import type { CaseLevel, CaseResult, ConformanceCase, Harness, RunRecord } from "./case.ts";
import { suiteReport, type SuiteReport } from "./report.ts";
import { runCase, type RunSurroundings } from "./run-case.ts";
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

export async function startSuite(harness: Harness, options: SuiteRunOptions = {}): Promise<SuiteRun> {
  const { acceptSkipped = [], seed = "bucketferry", timeoutMs = DEFAULT_CASE_TIMEOUT_MS } = options;
  const rejections = watchUnhandledRejections();
  const results: CaseResult[] = [];
  const leakedKeys: RunRecord["leakedKeys"][number][] = [];
  const leakedUploads: RunRecord["leakedUploads"][number][] = [];
  const record: RunRecord = {
    // Two runs over one bucket must not meet, so this part is not seeded.
    prefix: `conformance-${crypto.randomUUID().slice(0, 8)}/`,
    results,
    leakedKeys,
    leakedUploads,
    unhandledRejections: rejections.seen,
  };
  const surroundings: RunSurroundings = {
    harness,
    provider: await harness.createProvider(),
    janitor: await harness.createProvider(),
    record,
    seed,
    timeoutMs,
    leakedKey: (leak) => leakedKeys.push(leak),
    leakedUpload: (leak) => leakedUploads.push(leak),
  };
  return {
    run: async (one) => {
      const result = verdictOn(await runCase(one, surroundings), harness, acceptSkipped);
      results.push(result);
      return result;
    },
    finish: async () => {
      try {
        await surroundings.provider.close();
        await surroundings.janitor.close();
      } finally {
        rejections.stop();
        await harness.destroy();
      }
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
