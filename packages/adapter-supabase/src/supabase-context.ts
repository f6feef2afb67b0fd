import type { BucketPresence } from "./bucket-presence.ts";
import type { SupabaseEndpoint } from "./supabase-endpoint.ts";
import type { ResolvedSupabaseOptions } from "./supabase-options.ts";
import type { SupabasePaths } from "./supabase-paths.ts";
import type { Transport } from "./transport.ts";

/** What every operation works with. */
export interface SupabaseContext {
  readonly options: ResolvedSupabaseOptions;
  readonly endpoint: SupabaseEndpoint;
  readonly paths: SupabasePaths;
  readonly transport: Transport;
  readonly presence: BucketPresence;
  /** Cleaning up that nobody has to wait for but `close`. Resolves when it has ended, however it ended. */
  background(work: Promise<unknown>): Promise<void>;
}
