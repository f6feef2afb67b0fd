import { isDeepStrictEqual } from "node:util";
import type { CopyOptions, Metadata, PutResult } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import { objectInfo } from "./object-info.ts";
import { isRecord, recordOfRow, type ObjectRecord } from "./object-record.ts";
import { failureOfOverwrite } from "./supabase-errors.ts";
import { readRecord } from "./supabase-read.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { DEFAULT_CACHE_CONTROL, DEFAULT_CONTENT_TYPE } from "./upload-headers.ts";
import { metadataHeader } from "./user-metadata.ts";

/** The answer is the new row, so a copy is one request. */
export async function copy(
  context: SupabaseContext,
  from: string,
  to: string,
  { fromBucket, replace, signal }: CopyOptions,
): Promise<PutResult> {
  // There is nothing to do, and nothing that could go wrong half way; a missing object is still an error.
  if (from === to && fromBucket === undefined && replace === undefined)
    return putResult(to, await readRecord(context, from, signal));

  const { transport, paths, presence, endpoint } = context;
  const wanted = replace && {
    mimetype: replace.contentType ?? DEFAULT_CONTENT_TYPE,
    cacheControl: replace.cacheControl ?? DEFAULT_CACHE_CONTROL,
  };
  const headers: Record<string, string> = { "x-upsert": "true" };
  // Without this header an object that is overwritten would keep the user metadata that it had.
  if (replace !== undefined) headers["x-metadata"] = metadataHeader(replace.metadata);
  let json: unknown;
  try {
    ({ json } = await transport.json({
      method: "POST",
      path: paths.copy,
      headers,
      payload: {
        bucketId: fromBucket ?? endpoint.bucket,
        sourceKey: from,
        ...(fromBucket === undefined ? {} : { destinationBucket: endpoint.bucket }),
        destinationKey: to,
        copyMetadata: replace === undefined,
        metadata: wanted,
      },
      slow: true,
      signal,
    }));
  } catch (error) {
    return presence.explain(failureOfOverwrite(error), signal);
  }
  presence.written();
  const record = copiedRow(json, wanted !== undefined) ?? (await readRecord(context, to, signal));
  if (wanted !== undefined) demandReplaced(record, { ...wanted, metadata: replace?.metadata ?? {} });
  return putResult(to, record);
}

/**
 * Servers from before https://github.com/supabase/storage/pull/622 give only the `Key` of the copy, not its row, and later ones
 * a row without its user metadata; undefined where something is missing.
 */
function copiedRow(json: unknown, withMetadata: boolean): ObjectRecord | undefined {
  if (!isRecord(json) || typeof json["Key"] !== "string") {
    throw new StorageError("Unknown", "the service did not say what it copied", { applied: "unknown" });
  }
  if (withMetadata && json["user_metadata"] === undefined) return undefined;
  const record = recordOfRow(json);
  const { size, etag, contentType, cacheControl } = record ?? {};
  return [size, etag, contentType, cacheControl].includes(undefined) ? undefined : record;
}

/**
 * Servers that take other headers and keep the old ones: https://github.com/supabase/storage/issues/1109. Those from before
 * https://github.com/supabase/storage/pull/622 replace nothing at all.
 */
function demandReplaced(
  record: ObjectRecord,
  wanted: { readonly mimetype: string; readonly cacheControl: string; readonly metadata: Metadata },
): void {
  const sameHeaders = record.contentType === wanted.mimetype && record.cacheControl === wanted.cacheControl;
  if (sameHeaders && isDeepStrictEqual({ ...record.userMetadata }, { ...wanted.metadata })) return;
  const kept = sameHeaders ? "metadata" : "content type or cache control";
  throw new StorageError("Unsupported", `the service copied the object, but kept its ${kept}`, {
    applied: true,
    hint: "Update the service, or put the object again with the headers that it should have.",
  });
}

function putResult(key: string, record: ObjectRecord): PutResult {
  const { size, etag, version } = objectInfo(key, record);
  return { key, size, etag, ...(version === undefined ? {} : { version }) };
}
