import type { CaseResult, ConformanceCase, Harness } from "./case.ts";
import type { SuiteReport } from "./report.ts";
import { selectCases, startSuite, type CaseSelection, type SuiteRunOptions } from "./suite-run.ts";
import { CONFORMANCE_CASES } from "./suite.ts";

export interface RunSuiteOptions extends SuiteRunOptions, CaseSelection {
  /** Stops before the next case; what has run is reported, and the rest is absent. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each case. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  /** Other cases than the contract's own. */
  readonly cases?: readonly ConformanceCase[] | undefined;
}

/** Runs the contract suite without any test runner, one case after another, and destroys the harness. */
export async function runSuite(harness: Harness, options: RunSuiteOptions = {}): Promise<SuiteReport> {
  const { cases = CONFORMANCE_CASES, signal, onResult } = options;
  const chosen = selectCases(cases, options);
  const suite = await startSuite(harness, options, cases);
  try {
    for (const one of chosen) {
      if (signal?.aborted === true) break;
      const result = await suite.run(one);
      onResult?.(result);
    }
  } catch (error) {
    await suite.finish();
    throw error;
  }
  return suite.finish();
}
