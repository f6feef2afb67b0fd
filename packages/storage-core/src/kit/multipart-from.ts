import type { Capabilities } from "../contract/capabilities.ts";
import type { StorageDriver } from "../contract/driver.ts";
import type { MultipartOperations, MultipartUpload, UploadedPart } from "../contract/provider.ts";
import type { StorageOperation } from "../errors/storage-error.ts";
import { outgoingBody } from "./body-source.ts";
import type { CallGate } from "./call-gate.ts";
import { checkChecksum } from "./check-checksum.ts";
import { checkETag, checkWriteConditions } from "./check-conditions.ts";
import { checkWholeNumber } from "./check-numbers.ts";
import { checkMultipartCreate } from "./check-object-options.ts";
import { refusal, type CallSite } from "./failure.ts";

type Limits = Exclude<Capabilities["multipart"], false>;

/** The operations on uploads in parts, checked and with their failures named. */
export function multipartFrom(driver: StorageDriver, gate: CallGate): MultipartOperations {
  const { capabilities } = driver;

  const limitsOf = (site: CallSite): Limits => {
    if (capabilities.multipart !== false) return capabilities.multipart;
    throw refusal("Unsupported", site, "the service has no uploads in parts. Use put");
  };

  const enter = (operation: StorageOperation, upload: MultipartUpload, signal: AbortSignal | undefined) => {
    // A caller without types may pass anything; what is no upload has no valid key.
    const site = gate.enter(operation, signal, (upload as MultipartUpload | undefined)?.key);
    const limits = limitsOf(site);
    if (typeof upload.uploadId !== "string" || upload.uploadId === "") {
      throw refusal("InvalidArgument", site, "uploadId is empty. Pass what multipart.create gave");
    }
    return { site, limits };
  };

  return {
    async create(key, options = {}) {
      const site = gate.enter("multipart.create", options.signal, key);
      limitsOf(site);
      const checked = checkMultipartCreate(capabilities, site, options);
      try {
        return await driver.multipart.create(key, checked);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async uploadPart(upload, partNumber, body, options = {}) {
      const { signal, contentLength } = options;
      const { site, limits } = enter("multipart.uploadPart", upload, signal);
      checkWholeNumber(site, "partNumber", partNumber, 1, limits.maxParts);
      if (contentLength !== undefined) checkWholeNumber(site, "contentLength", contentLength, 0);
      const checked = { ...options, checksum: checkChecksum(capabilities, site, options.checksum) };
      const outgoing = outgoingBody(body, { site, signal, contentLength, maxBytes: limits.maxPartBytes });
      try {
        const part = await driver.multipart.uploadPart(upload, partNumber, outgoing.source, checked);
        const failure = outgoing.failure();
        if (failure !== undefined) throw failure;
        return part;
      } catch (error) {
        throw gate.fail(outgoing.failure() ?? error, site, signal);
      } finally {
        outgoing.close();
      }
    },

    async listParts(upload, options = {}) {
      const { site } = enter("multipart.listParts", upload, options.signal);
      try {
        return await driver.multipart.listParts(upload, options);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async complete(upload, parts, options = {}) {
      const { site, limits } = enter("multipart.complete", upload, options.signal);
      const ordered = checkParts(site, limits, parts);
      const ifMatch = checkWriteConditions(capabilities.conditionalMultipart, site, options);
      try {
        return await driver.multipart.complete(upload, ordered, { ...options, ifMatch });
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async abort(upload, options = {}) {
      const { site } = enter("multipart.abort", upload, options.signal);
      try {
        await driver.multipart.abort(upload, options);
      } catch (error) {
        throw gate.fail(error, site, options.signal);
      }
    },

    async *list(options = {}) {
      const { signal, prefix } = options;
      const site = gate.enter("multipart.list", signal);
      limitsOf(site);
      if (prefix !== undefined && (typeof prefix !== "string" || !prefix.isWellFormed())) {
        throw refusal("InvalidArgument", site, "prefix is no well-formed string. Pass text");
      }
      try {
        for await (const upload of driver.multipart.list({ signal, prefix: prefix || undefined })) {
          yield upload;
          if (signal?.aborted === true) throw signal.reason;
        }
      } catch (error) {
        throw gate.fail(error, site, signal);
      }
    },
  };
}

type NamedPart = Pick<UploadedPart, "partNumber" | "etag">;

/** Sorted by number, with plain ETags; at least one, none twice, no gap where the service allows none. */
function checkParts(site: CallSite, limits: Limits, parts: readonly NamedPart[]): readonly NamedPart[] {
  if (!Array.isArray(parts) || parts.length === 0) {
    throw refusal("InvalidArgument", site, "parts is empty. Upload at least one part, or put an empty body");
  }
  const ordered = parts
    .map(({ partNumber, etag }) => ({ partNumber, etag: checkETag(site, `the etag of part ${partNumber}`, etag) }))
    .sort((one, other) => one.partNumber - other.partNumber);
  ordered.forEach(({ partNumber }, index) => {
    checkWholeNumber(site, "partNumber", partNumber, 1, limits.maxParts);
    if (partNumber === ordered[index + 1]?.partNumber) {
      throw refusal("InvalidArgument", site, `part ${partNumber} is named twice. Name each part once`);
    }
    if (!limits.gaps && partNumber !== index + 1) {
      throw refusal("Unsupported", site, `part ${index + 1} is missing and the service allows no gaps`);
    }
  });
  return ordered;
}
