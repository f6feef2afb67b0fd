export { memory, type MemoryOptions } from "./memory.ts";
export { MemoryStore, type MemoryCall } from "./memory-store.ts";
export { memoryFetch } from "./memory-fetch.ts";
