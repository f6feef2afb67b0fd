import { after, before, describe, test } from "node:test";
import type { Harness } from "./case.ts";
import { show } from "./check.ts";
import { reportText } from "./report.ts";
import { selectCases, startSuite, type CaseSelection, type SuiteRun, type SuiteRunOptions } from "./suite-run.ts";
import { CONFORMANCE_CASES } from "./suite.ts";

export interface ConformanceTestOptions extends SuiteRunOptions, CaseSelection {
  /** Title of the `describe`. */
  readonly title?: string | undefined;
  /** Called with the table of counts when all is done. */
  readonly onReport?: ((text: string) => void) | undefined;
}

/** One `describe` with one test per case, in order. The harness is made before the first and destroyed after the last. */
export function conformanceTests(
  harnessOf: () => Harness | Promise<Harness>,
  options: ConformanceTestOptions = {},
): void {
  const { title = "storage contract", onReport } = options;
  void describe(title, { concurrency: 1 }, () => {
    let suite: SuiteRun | undefined;
    let adapter = "";
    /** Why there is no suite. Every case fails with it, since runners pass over the tests of a group whose start fails. */
    let unmade: unknown;

    before(async () => {
      try {
        const harness = await harnessOf();
        adapter = harness.name;
        suite = await startSuite(harness, options);
      } catch (error) {
        unmade = error;
      }
    });
    after(async () => {
      const report = await suite?.finish();
      if (report !== undefined) onReport?.(reportText(report));
    });

    for (const one of selectCases(CONFORMANCE_CASES, options)) {
      void test(`${one.id} ${one.title}`, async (context) => {
        if (suite === undefined) throw new Error(`the harness was not made: ${show(unmade)}`, { cause: unmade });
        const { id, outcome, reason, error } = await suite.run(one);
        if (outcome === "failed") throw new Error(`${id} on ${adapter}: ${reason ?? "failed"}`, { cause: error });
        if (outcome === "skipped" || outcome === "inapplicable")
          context.skip(`${outcome}: ${reason ?? "no reason given"}`);
      });
    }
  });
}
