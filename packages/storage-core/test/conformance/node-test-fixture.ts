/** Run by Node itself, not by Vitest: the suite bound to node:test. `broken` as argument gives it a provider that lies, `unmade` no harness. */
import { conformanceTests } from "../../src/conformance/bind-node-test.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { memoryHarness } from "./memory-harness.ts";

const broken = process.argv.includes("broken");

function around(inner: StorageProvider): StorageProvider {
  if (!broken) return inner;
  const put: StorageProvider["put"] = async (key, _, options) => inner.put(key, "something else", options);
  return { ...inner, put };
}

const unmade = process.argv.includes("unmade");

function harness() {
  if (unmade) throw new Error("the bucket cannot be made");
  return memoryHarness({ name: "memory", around });
}

conformanceTests(harness, {
  title: "storage contract",
  only: ["A01", "A02", "E11"],
});
