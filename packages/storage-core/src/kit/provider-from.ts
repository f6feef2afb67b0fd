import type { StorageDriver } from "../contract/driver.ts";
import type { ListPageOptions, ParsedUrl, PutResult, StorageProvider } from "../contract/provider.ts";
import { isStorageError } from "../errors/storage-error.ts";
import { outgoingBody } from "./body-source.ts";
import { callGate } from "./call-gate.ts";
import { checkListOptions, checkListPageOptions } from "./check-list.ts";
import { checkCopy, checkDelete, checkGet, checkHead, checkPut, checkPutInParts } from "./check-object-options.ts";
import { checkPresign } from "./check-presign.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { deleteMany } from "./delete-many.ts";
import { refusal } from "./failure.ts";
import { listEntries } from "./list-entries.ts";
import { multipartFrom } from "./multipart-from.ts";
import { openObject } from "./open-object.ts";
import { putProgress } from "./put-progress.ts";

/**
 * Makes a provider of a driver: checks what goes in, counts what flows through, names what goes wrong. See `StorageDriver`
 * for what each side does.
 *
 * `onProgress`: the kit reports the bytes that a driver reads of a stream, and the size when `put` is done; that is all a
 * body in one request needs. A driver that sends parts calls `options.onProgress` after each confirmed part; the kit passes
 * on whichever is further and never goes back. Of bytes that are no stream, only the driver's reports and the end are told.
 */
export function providerFrom(driver: StorageDriver): StorageProvider {
  const capabilities = deepFreeze(driver.capabilities);
  const gate = callGate(driver);
  let closing: Promise<void> | undefined;

  const requestPage = async (options: ListPageOptions) => {
    const site = gate.enter("list", options.signal);
    const checked = checkListPageOptions(capabilities, site, options);
    try {
      return await driver.listPage({ ...checked, signal: options.signal });
    } catch (error) {
      throw gate.fail(error, site, options.signal);
    }
  };

  return {
    name: driver.name,
    bucket: driver.bucket,
    capabilities,
    urlHosts: Object.freeze([...driver.urlHosts]),
    urlPathPart: driver.urlPathPart,
    multipart: multipartFrom(driver, gate),

    async put(key, body, options = {}) {
      const { signal, contentLength, onProgress } = options;
      const site = gate.enter("put", signal, key);
      const checked = checkPut(capabilities, site, options);
      const progress = onProgress && putProgress(onProgress);
      const outgoing = outgoingBody(body, {
        site,
        signal,
        contentLength,
        maxBytes: capabilities.maxObjectBytes,
        onBytes: progress && ((sentBytes) => progress.report({ sentBytes, totalBytes: outgoing.source.length })),
      });
      checkPutInParts(capabilities, site, options, outgoing.source.length ?? 0);
      let result: PutResult;
      try {
        result = await driver.put(
          key,
          outgoing.source,
          progress ? { ...checked, onProgress: progress.report } : checked,
        );
      } catch (error) {
        throw gate.fail(outgoing.failure() ?? error, site, signal);
      } finally {
        outgoing.close();
      }
      const failure = outgoing.failure();
      // The driver stored what it had of a body that failed; a sound one never gets here.
      if (failure !== undefined) throw failure.with({ applied: "unknown" });
      progress?.finish(result.size);
      return result;
    },

    async get(key, options = {}) {
      const { signal } = options;
      const site = gate.enter("get", signal, key);
      const checked = checkGet(capabilities, site, options);
      try {
        return openObject(await driver.get(key, checked), { site, signal, classify: gate.classify });
      } catch (error) {
        throw gate.fail(error, site, signal);
      }
    },

    async head(key, options = {}) {
      const site = gate.enter("head", options.signal, key);
      const checked = checkHead(capabilities, site, options);
      try {
        return await driver.head(key, checked);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async exists(key, options = {}) {
      const site = gate.enter("exists", options.signal, key);
      try {
        await driver.head(key, { signal: options.signal });
        return true;
      } catch (error) {
        const failure = gate.fail(error, site, options.signal);
        if (isStorageError(failure, "NotFound")) return false;
        throw failure;
      }
    },

    async delete(key, options = {}) {
      const site = gate.enter("delete", options.signal, key);
      const checked = checkDelete(capabilities, site, options);
      try {
        await driver.delete(key, checked);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    deleteMany: (keys, options = {}) => deleteMany(driver, gate, keys, options),

    async copy(from, to, options = {}) {
      const site = gate.enter("copy", options.signal, from, to);
      const checked = checkCopy(driver, site, options);
      try {
        return await driver.copy(from, to, checked);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async *list(options = {}) {
      const site = gate.enter("list", options.signal);
      checkListOptions(capabilities, site, options);
      const { signal, prefix, delimiter, startAfter } = options;
      yield* listEntries((cursor) => requestPage({ signal, prefix, delimiter, startAfter, cursor }), site, signal);
    },

    listPage: (options = {}) => requestPage(options),

    async presign(request) {
      const site = gate.enter("presign", request.signal, request.key);
      checkPresign(capabilities, site, request);
      try {
        return await driver.presign(request);
      } catch (error) {
        throw gate.fail(error, site, request.signal);
      }
    },

    publicUrl(key, options = {}) {
      const site = gate.enter("publicUrl", undefined, key);
      if (!capabilities.publicUrl) {
        throw refusal(
          "Unsupported",
          site,
          "the provider has no public URLs. Presign a GET, or configure a public base URL",
        );
      }
      try {
        return driver.publicUrl(key, options);
      } catch (error) {
        throw gate.fail(error, site, undefined);
      }
    },

    parseUrl(url): ParsedUrl | undefined {
      if (typeof url !== "string") return undefined;
      try {
        return driver.parseUrl(url);
      } catch {
        // Text that a parser chokes on is no URL of ours.
        return undefined;
      }
    },

    async check(options = {}) {
      const site = gate.enter("check", options.signal);
      try {
        return await driver.check(options);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async ensureBucket(options = {}) {
      const site = gate.enter("ensureBucket", options.signal);
      try {
        return await driver.ensureBucket(options);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async close() {
      gate.shut();
      const site = { provider: driver.name, operation: "close" } as const;
      closing ??= driver.close().catch((error: unknown) => {
        throw gate.fail(error, site, undefined);
      });
      return closing;
    },
  };
}
