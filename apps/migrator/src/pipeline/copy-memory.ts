import { byteBudget } from "../transfer/byte-budget.ts";
import { partBuffers } from "../transfer/part-buffers.ts";
import type { CopyPorts } from "./copy-ports.ts";

/** Whole bodies in memory, all processes together. */
const BODY_MEMORY_BYTES = 128 * 1024 * 1024;
/** Parts of large objects in memory, all processes together: ten of 8 MiB. The whole program stays below 200 MiB. */
const PART_MEMORY_BYTES = 80 * 1024 * 1024;
/** Two parts of the usual size: below this, reading and sending would wait for each other. */
const LEAST_PART_MEMORY_BYTES = 16 * 1024 * 1024;

/** One process's share of the memory for bodies. */
export function copyMemory(processes: number): Pick<CopyPorts, "budget" | "parts"> {
  return {
    budget: byteBudget(Math.ceil(BODY_MEMORY_BYTES / processes)),
    parts: partBuffers(Math.max(LEAST_PART_MEMORY_BYTES, Math.ceil(PART_MEMORY_BYTES / processes))),
  };
}
