export * from "./engines/index.ts";
export * from "./faults/index.ts";
export * from "./pgbouncer/index.ts";
export * from "./postgres/index.ts";
export * from "./s3/index.ts";
export * from "./store/index.ts";
export * from "./supabase/index.ts";
