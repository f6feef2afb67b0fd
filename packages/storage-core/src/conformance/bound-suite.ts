import type { ConformanceCase, Harness } from "./case.ts";
import { show } from "./check.ts";
import { reportText } from "./report.ts";
import { startSuite, type CaseSelection, type SuiteRun, type SuiteRunOptions } from "./suite-run.ts";

export interface ConformanceTestOptions extends SuiteRunOptions, CaseSelection {
  /** Title of the `describe`. */
  readonly title?: string | undefined;
  /** Called with the table of counts when all is done. */
  readonly onReport?: ((text: string) => void) | undefined;
}

/** What the tests of one runner share: a suite that is started before the first of them and ended after the last. */
export function boundSuite(harnessOf: () => Harness | Promise<Harness>, options: ConformanceTestOptions) {
  let suite: SuiteRun | undefined;
  let adapter = "";
  /** Why there is no suite. Every case fails with it, since runners pass over the tests of a group whose start fails. */
  let unmade: unknown;
  return {
    async start(): Promise<void> {
      try {
        const harness = await harnessOf();
        adapter = harness.name;
        suite = await startSuite(harness, options);
      } catch (error) {
        unmade = error;
      }
    },
    async finish(): Promise<void> {
      const report = await suite?.finish();
      if (report !== undefined) options.onReport?.(reportText(report));
    },
    /** @throws Error when there is no suite; a case that fails is a result */
    async run(one: ConformanceCase) {
      if (suite === undefined) throw new Error(`the harness was not made: ${show(unmade)}`, { cause: unmade });
      return { adapter, ...(await suite.run(one)) };
    },
  };
}
