import { conformanceTests } from "../../src/conformance/bind-vitest.ts";
import type { Harness } from "../../src/conformance/case.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { chaos, limit, observe, prefix, readOnly, retry, timeout, withLayers } from "../../src/layers/index.ts";
import { memoryHarness } from "../conformance/memory-harness.ts";
import { CASES_THAT_NEED_A_WIRE } from "../conformance/needs-a-wire.ts";

const FOLDER = "tenants/ä b/";

/** Layers that change nothing that the contract says: N06, every case over each of them and over all together. */
const LAYERS: Readonly<Record<string, (inner: StorageProvider) => StorageProvider>> = {
  observe: observe({ onCall: () => undefined }),
  retry: retry({ maxAttempts: 2, baseDelayMs: 1 }),
  limit: limit({ concurrency: 64 }),
  timeout: timeout(),
  "chaos without troubles": chaos({ seed: 1, troubles: [] }),
  "readOnly switched off": readOnly({ when: () => false }),
  "observe, retry, limit and timeout": (inner) =>
    withLayers(inner, [
      observe({ onCall: () => undefined }),
      retry({ maxAttempts: 2, baseDelayMs: 1 }),
      limit({ concurrency: 64 }),
      timeout(),
    ]),
};

/** What is temporary for a provider is given up by whoever has tried it often enough. */
const RETRIED = "retry gives up with `exhausted`, so that no layer further out tries again";

for (const [name, around] of Object.entries(LAYERS)) {
  const deviations = name.includes("retry") ? { G04: RETRIED, M10: RETRIED } : {};
  conformanceTests(() => memoryHarness({ name: `${name} over memory`, around, deviations }), {
    title: `storage contract: ${name} over memory`,
    acceptSkipped: CASES_THAT_NEED_A_WIRE,
  });
}

conformanceTests(() => within(FOLDER, memoryHarness({ name: "prefix over memory", around: prefix(FOLDER) })), {
  title: "storage contract: prefix over memory",
  acceptSkipped: CASES_THAT_NEED_A_WIRE,
});

/** The URLs of the harness, moved into the folder. */
function within(folder: string, harness: Harness): Harness {
  const path = encodeURIComponent(folder).replaceAll("%2F", "/");
  const issued = harness.urls.issued.map((one) => ({ ...one, url: one.url.replace("/img/", `/img/${path}`) }));
  return { ...harness, urls: { issued, foreign: [...harness.urls.foreign, "https://memory.invalid/img/a.png"] } };
}
