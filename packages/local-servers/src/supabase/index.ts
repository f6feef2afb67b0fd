export type { TransientCode } from "./api-error.ts";
export { startSupabase, type StartedSupabase, SUPABASE_USAGE, supabaseOptions } from "./command.ts";
export type { Policies, Policy, RowAccess } from "./policies.ts";
export type { RequestRecord } from "./request-log.ts";
export { supabaseServer, type SupabaseServer, type SupabaseServerOptions } from "./supabase-server.ts";
