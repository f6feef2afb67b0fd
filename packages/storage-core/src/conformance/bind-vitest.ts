import { afterAll, beforeAll, describe, test } from "vitest";
import { boundSuite, type ConformanceTestOptions } from "./bound-suite.ts";
import type { CaseLevel, CaseOutcome, Harness } from "./case.ts";
import { DEFAULT_CASE_TIMEOUT_MS, selectCases } from "./suite-run.ts";
import { CONFORMANCE_CASES } from "./suite.ts";

export type { ConformanceTestOptions } from "./bound-suite.ts";

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

/** Starting and ending servers, cleaning up, and the grace of a case that overran come on top of a case's own time. */
const MARGIN_MS = 150_000;

/** One `describe` with one test per case, in order. The harness is made before the first and destroyed after the last. */
export function conformanceTests(
  harnessOf: () => Harness | Promise<Harness>,
  options: ConformanceTestOptions = {},
): void {
  const { title = "storage contract", timeoutMs = DEFAULT_CASE_TIMEOUT_MS } = options;
  // oxlint-disable-next-line vitest/valid-title -- a string, chosen by the caller
  describe(title, () => {
    const suite = boundSuite(harnessOf, options);
    beforeAll(() => suite.start(), MARGIN_MS);
    afterAll(() => suite.finish(), MARGIN_MS);

    for (const one of selectCases(CONFORMANCE_CASES, options)) {
      const limit = Math.max(timeoutMs, one.timeoutMs ?? 0) + MARGIN_MS;
      // oxlint-disable-next-line vitest/expect-expect -- the case brings its own checks
      test(`${one.id} ${one.title}`, { timeout: limit }, async ({ task, skip }) => {
        const { adapter, id, level, outcome, reason, error } = await suite.run(one);
        task.meta.conformance = { adapter, id, level, outcome, reason };
        if (outcome === "failed") throw new Error(`${id} on ${adapter}: ${reason ?? "failed"}`, { cause: error });
        if (outcome === "skipped" || outcome === "inapplicable") skip(`${outcome}: ${reason ?? "no reason given"}`);
      });
    }
  });
}
