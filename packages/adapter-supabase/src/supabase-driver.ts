import { noMultipart, type StorageDriver } from "@bucketferry/storage-core/provider";
import { bucketPresence } from "./bucket-presence.ts";
import { ensureBucket } from "./supabase-bucket.ts";
import { supabaseCapabilities } from "./supabase-capabilities.ts";
import { check } from "./supabase-check.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { copy } from "./supabase-copy.ts";
import { deleteBatch, deleteObject } from "./supabase-delete.ts";
import { STORAGE_PATH, supabaseEndpoint } from "./supabase-endpoint.ts";
import { classify } from "./supabase-errors.ts";
import { listPage } from "./supabase-listing.ts";
import type { ResolvedSupabaseOptions } from "./supabase-options.ts";
import { supabasePaths } from "./supabase-paths.ts";
import { presign } from "./supabase-presign.ts";
import { put } from "./supabase-put.ts";
import { get, head } from "./supabase-read.ts";
import { publicUrl, urlParser } from "./supabase-url.ts";
import { transportFor } from "./transport.ts";

/** The contract in terms of the service's REST API; no request is made before the first call. */
export function supabaseDriver(options: ResolvedSupabaseOptions): StorageDriver {
  const endpoint = supabaseEndpoint(options);
  const paths = supabasePaths(options.bucket);
  const transport = transportFor(endpoint, options);
  const underWay = new Set<Promise<void>>();
  const context: SupabaseContext = {
    options,
    endpoint,
    paths,
    transport,
    presence: bucketPresence(endpoint, paths, transport),
    background(work) {
      const settled = work.then(
        () => undefined,
        () => undefined,
      );
      underWay.add(settled);
      return settled.finally(() => underWay.delete(settled));
    },
  };

  return {
    name: "supabase",
    bucket: options.bucket,
    capabilities: supabaseCapabilities(options),
    urlHosts: endpoint.urlHosts,
    urlPathPart: `${STORAGE_PATH}/`,
    put: (key, body, putOptions) => put(context, key, body, putOptions),
    get: (key, getOptions) => get(context, key, getOptions),
    head: (key, headOptions) => head(context, key, headOptions),
    delete: (key, deleteOptions) => deleteObject(context, key, deleteOptions),
    deleteBatch: (keys, deleteOptions) => deleteBatch(context, keys, deleteOptions),
    copy: (from, to, copyOptions) => copy(context, from, to, copyOptions),
    listPage: (listOptions) => listPage(context, listOptions),
    presign: (request) => presign(context, request),
    publicUrl: (key, urlOptions) => publicUrl(endpoint, paths, key, urlOptions),
    parseUrl: urlParser(endpoint),
    check: (checkOptions) => check(context, checkOptions),
    ensureBucket: (bucketOptions) => ensureBucket(context, bucketOptions),
    async close() {
      await Promise.all(underWay);
      await transport.close();
    },
    multipart: noMultipart,
    classify,
  };
}
