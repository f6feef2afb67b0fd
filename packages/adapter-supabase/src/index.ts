import type { StorageAdapter, StorageProvider } from "@bucketferry/storage-core";
import { providerFrom } from "@bucketferry/storage-core/provider";
import { supabaseDriver } from "./supabase-driver.ts";
import {
  resolveOptions,
  supabaseOptionsSchema,
  type ResolvedSupabaseOptions,
  type SupabaseOptions,
} from "./supabase-options.ts";

export type { SupabaseOptions };

/**
 * One bucket of Supabase Storage. No request is made before the first call.
 * @throws InvalidConfig that names every option with a problem
 */
export function supabase(options: SupabaseOptions): StorageProvider {
  return providerFrom(supabaseDriver(resolveOptions(options)));
}

/** For configurations that name their adapter. */
export const adapter: StorageAdapter<ResolvedSupabaseOptions> = {
  name: "supabase",
  options: supabaseOptionsSchema,
  create: supabase,
};
