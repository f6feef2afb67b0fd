import type { Capabilities } from "../contract/capabilities.ts";
import type { StorageDriver } from "../contract/driver.ts";
import type {
  CopyOptions,
  DeleteOptions,
  GetOptions,
  HeadOptions,
  MultipartCreateOptions,
  PutOptions,
} from "../contract/provider.ts";
import { checkChecksum } from "./check-checksum.ts";
import { checkETag, checkReadConditions, checkWriteConditions, unsupported } from "./check-conditions.ts";
import { checkMetadata, checkSystemHeaders } from "./check-headers.ts";
import { checkWholeNumber } from "./check-numbers.ts";
import { checkRange } from "./check-range.ts";
import { refusal, type CallSite } from "./failure.ts";

/** Each function refuses what the capabilities lack or what is malformed, and returns the options as a driver gets them. */

export function checkPut(capabilities: Capabilities, site: CallSite, options: PutOptions): PutOptions {
  const { contentLength, partSizeBytes, concurrency } = options;
  checkSystemHeaders(capabilities, site, options);
  if (contentLength !== undefined) checkWholeNumber(site, "contentLength", contentLength, 0);
  if (partSizeBytes !== undefined) checkWholeNumber(site, "partSizeBytes", partSizeBytes, 1);
  if (concurrency !== undefined) checkWholeNumber(site, "concurrency", concurrency, 1);
  return {
    ...options,
    metadata: checkMetadata(capabilities, site, options.metadata),
    checksum: checkChecksum(capabilities, site, options.checksum),
    ifMatch: checkWriteConditions(capabilities.conditionalPut, site, options),
  };
}

/** Conditions of a body that is known to be too large for one request have to hold for parts. */
export function checkPutInParts(capabilities: Capabilities, site: CallSite, options: PutOptions, length: number): void {
  if (length > capabilities.maxPutBytes) checkWriteConditions(capabilities.conditionalMultipart, site, options);
}

export function checkGet(capabilities: Capabilities, site: CallSite, options: GetOptions): GetOptions {
  if (options.range !== undefined) checkRange(capabilities.range, site, options.range);
  checkVersion(capabilities, site, options.version);
  return checkReadConditions(capabilities.conditionalGet, site, options);
}

export function checkHead(capabilities: Capabilities, site: CallSite, options: HeadOptions): HeadOptions {
  checkVersion(capabilities, site, options.version);
  return checkReadConditions(capabilities.conditionalHead, site, options);
}

export function checkDelete(capabilities: Capabilities, site: CallSite, options: DeleteOptions): DeleteOptions {
  checkVersion(capabilities, site, options.version);
  if (options.ifMatch === undefined) return options;
  const ifMatch = checkETag(site, "ifMatch", options.ifMatch);
  if (!capabilities.conditionalDelete) throw unsupported(site, "ifMatch");
  return { ...options, ifMatch };
}

export function checkCopy(
  { bucket, capabilities }: Pick<StorageDriver, "bucket" | "capabilities">,
  site: CallSite,
  options: CopyOptions,
): CopyOptions {
  if (capabilities.serverSideCopy.maxBytes === 0) {
    throw refusal("Unsupported", site, "the service does not copy objects. Read and put instead");
  }
  const fromBucket = options.fromBucket === bucket ? undefined : options.fromBucket;
  if (fromBucket !== undefined) checkFromBucket(capabilities, site, fromBucket);
  const { replace } = options;
  if (replace !== undefined) checkSystemHeaders(capabilities, site, replace);
  const sourceIfMatch =
    options.sourceIfMatch === undefined ? undefined : checkETag(site, "sourceIfMatch", options.sourceIfMatch);
  if (sourceIfMatch !== undefined && !capabilities.conditionalCopy.source) throw unsupported(site, "sourceIfMatch");
  return {
    ...options,
    fromBucket,
    ifMatch: checkWriteConditions(capabilities.conditionalCopy, site, options),
    sourceIfMatch,
    replace: replace && { ...replace, metadata: checkMetadata(capabilities, site, replace.metadata) },
  };
}

export function checkMultipartCreate(
  capabilities: Capabilities,
  site: CallSite,
  options: MultipartCreateOptions,
): MultipartCreateOptions {
  checkSystemHeaders(capabilities, site, options);
  return { ...options, metadata: checkMetadata(capabilities, site, options.metadata) };
}

/** It becomes part of a path, of a header, and with some services of a host name. */
function checkFromBucket({ serverSideCopy }: Capabilities, site: CallSite, fromBucket: unknown): void {
  if (typeof fromBucket !== "string" || !/^[^\s/?#@:\\]{1,255}$/.test(fromBucket)) {
    throw refusal("InvalidArgument", site, "fromBucket is not the name of a bucket. Pass the bare name");
  }
  if (!serverSideCopy.crossBucket) {
    throw refusal("Unsupported", site, "the service copies within one bucket only. Read and put instead");
  }
}

function checkVersion(capabilities: Capabilities, site: CallSite, version: unknown): void {
  if (version === undefined) return;
  if (typeof version !== "string" || version === "") {
    throw refusal("InvalidArgument", site, "version is not the id of a version. Leave it out for the current one");
  }
  if (!capabilities.versions) throw unsupported(site, "version");
}
