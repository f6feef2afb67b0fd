import type { StorageProvider } from "./provider.ts";

/** Wraps a provider into another one that keeps the contract. */
export type Layer = (inner: StorageProvider) => StorageProvider;
