export * from "./store/index.ts";
export * from "./supabase/index.ts";
