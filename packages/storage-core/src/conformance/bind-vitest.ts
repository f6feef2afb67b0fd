import { afterAll, beforeAll, describe, test } from "vitest";
import type { CaseLevel, CaseOutcome, Harness } from "./case.ts";
import { show } from "./check.ts";
import { reportText } from "./report.ts";
import {
  DEFAULT_CASE_TIMEOUT_MS,
  selectCases,
  startSuite,
  type CaseSelection,
  type SuiteRun,
  type SuiteRunOptions,
} from "./suite-run.ts";
import { CONFORMANCE_CASES } from "./suite.ts";

/** What a reporter finds in `task.meta.conformance` of each test. */
export interface ConformanceMeta {
  readonly adapter: string;
  readonly id: string;
  readonly level: CaseLevel;
  readonly outcome: CaseOutcome;
  readonly reason?: string | undefined;
}

declare module "vitest" {
  interface TaskMeta {
    conformance?: ConformanceMeta;
  }
}

export interface ConformanceTestOptions extends SuiteRunOptions, CaseSelection {
  /** Title of the `describe`. */
  readonly title?: string | undefined;
  /** Called with the table of counts when all is done. */
  readonly onReport?: ((text: string) => void) | undefined;
}

/** Starting and ending servers, cleaning up, and the grace of a case that overran come on top of a case's own time. */
const MARGIN_MS = 150_000;

/** One `describe` with one test per case, in order. The harness is made before the first and destroyed after the last. */
export function conformanceTests(
  harnessOf: () => Harness | Promise<Harness>,
  options: ConformanceTestOptions = {},
): void {
  const { title = "storage contract", timeoutMs = DEFAULT_CASE_TIMEOUT_MS, onReport } = options;
  // oxlint-disable-next-line vitest/valid-title -- a string, chosen by the caller
  describe(title, () => {
    let suite: SuiteRun | undefined;
    let adapter = "";
    /** Why there is no suite. Every case fails with it, since runners pass over the tests of a group whose start fails. */
    let unmade: unknown;

    beforeAll(async () => {
      try {
        const harness = await harnessOf();
        adapter = harness.name;
        suite = await startSuite(harness, options);
      } catch (error) {
        unmade = error;
      }
    }, MARGIN_MS);
    afterAll(async () => {
      const report = await suite?.finish();
      if (report !== undefined) onReport?.(reportText(report));
    }, MARGIN_MS);

    for (const one of selectCases(CONFORMANCE_CASES, options)) {
      const limit = Math.max(timeoutMs, one.timeoutMs ?? 0) + MARGIN_MS;
      // oxlint-disable-next-line vitest/expect-expect -- the case brings its own checks
      test(`${one.id} ${one.title}`, { timeout: limit }, async ({ task, skip }) => {
        if (suite === undefined) throw new Error(`the harness was not made: ${show(unmade)}`, { cause: unmade });
        const { id, level, outcome, reason, error } = await suite.run(one);
        task.meta.conformance = { adapter, id, level, outcome, reason };
        if (outcome === "failed") throw new Error(`${id} on ${adapter}: ${reason ?? "failed"}`, { cause: error });
        if (outcome === "skipped" || outcome === "inapplicable") skip(`${outcome}: ${reason ?? "no reason given"}`);
      });
    }
  });
}
