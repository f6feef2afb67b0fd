import type { StorageProvider } from "../../src/contract/provider.ts";
import { chaos, limit, observe, prefix, readOnly, retry, timeout, withLayers } from "../../src/layers/index.ts";
import { keepsTheContract } from "./keeps-the-contract.ts";

/** With a character of two bytes and one that URLs escape, since limits count bytes and URLs are taken apart. */
const FOLDER = "tenants/ä b/";

keepsTheContract("prefix", { around: prefix(FOLDER), folder: FOLDER });
keepsTheContract("chaos without troubles", { around: chaos({ seed: 1, troubles: [] }) });
keepsTheContract("readOnly switched off", { around: readOnly({ when: () => false }) });
keepsTheContract("readOnly, with writes past it,", { around: (inner) => readsThrough(readOnly()(inner), inner) });
keepsTheContract("observe, retry, limit and timeout", {
  around: (inner) =>
    withLayers(inner, [
      observe({ onCall: () => {} }),
      retry({ maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 2 }),
      limit({ concurrency: 8 }),
      timeout({ timeoutMs: 20_000 }),
    ]),
});

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
