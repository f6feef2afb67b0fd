import { after, before, describe, test } from "node:test";
import { boundSuite, type ConformanceTestOptions } from "./bound-suite.ts";
import type { Harness } from "./case.ts";
import { selectCases } from "./suite-run.ts";
import { CONFORMANCE_CASES } from "./suite.ts";

export type { ConformanceTestOptions } from "./bound-suite.ts";

/** One `describe` with one test per case, in order. The harness is made before the first and destroyed after the last. */
export function conformanceTests(
  harnessOf: () => Harness | Promise<Harness>,
  options: ConformanceTestOptions = {},
): void {
  const { title = "storage contract" } = options;
  void describe(title, { concurrency: 1 }, () => {
    const suite = boundSuite(harnessOf, options);
    before(() => suite.start());
    after(() => suite.finish());

    for (const one of selectCases(CONFORMANCE_CASES, options)) {
      void test(`${one.id} ${one.title}`, async (context) => {
        const { adapter, id, outcome, reason, error } = await suite.run(one);
        if (outcome === "failed") throw new Error(`${id} on ${adapter}: ${reason ?? "failed"}`, { cause: error });
        if (outcome === "skipped" || outcome === "inapplicable")
          context.skip(`${outcome}: ${reason ?? "no reason given"}`);
      });
    }
  });
}
