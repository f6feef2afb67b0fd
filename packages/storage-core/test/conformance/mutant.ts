import { runSuite } from "../../src/conformance/run-suite.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { memoryHarness } from "./memory-harness.ts";

/** A provider with one promise broken, and the cases that have to notice. */
export interface Mutant {
  /** A sentence that tells what it does wrong. */
  readonly title: string;
  readonly breaks: (inner: StorageProvider) => StorageProvider;
  readonly caughtBy: readonly string[];
}

/** Which of these cases fail over a provider that was changed in this way; all of them run, and only they. */
export async function failedCases(
  ids: readonly string[],
  around: (inner: StorageProvider) => StorageProvider = (inner) => inner,
): Promise<readonly string[]> {
  const report = await runSuite(memoryHarness({ name: "mutant", around }), {
    only: ids,
    timeoutMs: 5_000,
  });
  return report.results.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
}
