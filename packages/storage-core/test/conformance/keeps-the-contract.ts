import { conformanceTests } from "../../src/conformance/bind-vitest.ts";
import { memoryHarness, type MemoryHarnessOptions } from "./memory-harness.ts";

/** Rule 14 of the contract: a layer keeps it. So every case runs over every layer, around memory. */
export function keepsTheContract(name: string, options: Omit<MemoryHarnessOptions, "name">): void {
  conformanceTests(() => memoryHarness({ name: `${name} over memory`, ...options }), {
    title: `storage contract: ${name} over memory`,
  });
}
