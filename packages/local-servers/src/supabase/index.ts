export type { TransientCode } from "./api-error.ts";
export type { Policies, Policy, RowAccess } from "./policies.ts";
export type { RequestRecord } from "./request-log.ts";
export { supabaseServer, type SupabaseServer, type SupabaseServerOptions } from "./supabase-server.ts";
