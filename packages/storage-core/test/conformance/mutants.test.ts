import { expect, test } from "vitest";
import { runSuite } from "../../src/conformance/run-suite.ts";
import { memoryHarness } from "./memory-harness.ts";
import { MUTANTS } from "./mutants.ts";

/** The suite is only worth its time if a provider that breaks one promise cannot pass it. */
test.each(
  MUTANTS.map((mutant) => [`the suite notices that ${mutant.name}: ${mutant.caughtBy.join(", ")}`, mutant] as const),
)("%s", async (_, { broken, capabilities, caughtBy, name }) => {
  const harness = memoryHarness({
    name,
    around: (inner) => ({ ...inner, ...broken(inner) }),
    ...(capabilities === undefined ? {} : { capabilities }),
  });
  const { results } = await runSuite(harness, { only: caughtBy, timeoutMs: 20_000 });
  const unnoticed = results.filter(({ outcome }) => outcome !== "failed").map(({ id, outcome }) => `${id} ${outcome}`);
  expect(results.length).toBe(caughtBy.length);
  expect(unnoticed).toEqual([]);
});
