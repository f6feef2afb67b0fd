import type { Reporter, TestModule } from "vitest/node";
import { contractTable, type ContractResult } from "./contract-table.ts";

/**
 * Ends a run with what ran of the storage contract, per adapter, and with one plain line that a machine can read:
 * `N passed, N failed, N skipped`.
 */
export default class RunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    // A file that does not load, or an error outside any test, fails no test of its own and must not go unseen.
    const brokenModules = modules.filter((module) => module.errors().length > 0).length;
    const table = contractTable(tests.flatMap((test) => contractResult(test.meta())));
    if (table !== "") console.log(`\n${table}`);
    console.log(
      `\n${count("passed")} passed, ${count("failed") + brokenModules + errors.length} failed, ${count("skipped") + count("pending")} skipped`,
    );
  }
}

function contractResult(meta: object): ContractResult[] {
  const { conformance } = meta as { conformance?: ContractResult };
  return conformance === undefined ? [] : [conformance];
}
