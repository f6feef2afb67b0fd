export * from "./pgbouncer.ts";
