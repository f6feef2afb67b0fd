import { conformanceTests } from "../../src/conformance/bind-vitest.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import {
  chaos,
  limit,
  observe,
  prefix,
  readOnly,
  retry,
  timeout,
  withLayers,
  type Layer,
} from "../../src/layers/index.ts";
import { memoryHarness } from "./memory-harness.ts";
import { CASES_THAT_NEED_A_WIRE } from "./needs-a-wire.ts";

const quickRetry = () => retry({ maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 2 });
const watch = () => observe({ onCall: () => {} });

const FOLDER = "some/folder/";

/** Rule 14 of the contract: a layer keeps it. So every case runs over every layer, around memory. */
const LAYERS: Readonly<Record<string, Layer>> = {
  observe: watch(),
  retry: quickRetry(),
  // Each provider has its own gate, as it has its own connections.
  limit: (inner) => limit({ concurrency: 8 })(inner),
  timeout: timeout({ timeoutMs: 20_000, idleMs: 20_000 }),
  prefix: prefix(FOLDER),
  "chaos without troubles": chaos({ seed: 1, troubles: [] }),
  "observe, retry, limit and timeout": (inner) =>
    withLayers(inner, [watch(), quickRetry(), limit({ concurrency: 8 }), timeout({ timeoutMs: 20_000 })]),
  "readOnly, with writes past it": (inner) => readsThrough(readOnly()(inner), inner),
};

for (const [name, around] of Object.entries(LAYERS)) {
  conformanceTests(
    () => memoryHarness({ name: `${name} over memory`, around, ...(name === "prefix" ? { folder: FOLDER } : {}) }),
    { title: `storage contract: ${name} over memory`, acceptSkipped: CASES_THAT_NEED_A_WIRE },
  );
}

/** Reads go through the layer and writes past it, for a layer that lets no write through. */
function readsThrough(reads: StorageProvider, inner: StorageProvider): StorageProvider {
  return {
    ...inner,
    get: (key, options) => reads.get(key, options),
    head: (key, options) => reads.head(key, options),
    exists: (key, options) => reads.exists(key, options),
    list: (options) => reads.list(options),
    listPage: (options) => reads.listPage(options),
    publicUrl: (key, options) => reads.publicUrl(key, options),
    parseUrl: (url) => reads.parseUrl(url),
    check: (options) => (options?.write === true ? inner.check(options) : reads.check(options)),
    presign: (request) => (request.method === "GET" || request.method === "HEAD" ? reads : inner).presign(request),
    multipart: {
      ...inner.multipart,
      listParts: (upload, options) => reads.multipart.listParts(upload, options),
      list: (options) => reads.multipart.list(options),
    },
  };
}
