export * from "./fault-proxy.ts";
export type { RandomFault, RandomFaultsOptions } from "./random-faults.ts";
