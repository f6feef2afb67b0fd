import type { StorageAdapter } from "@bucketferry/storage-core";
import { memory } from "@bucketferry/storage-core/memory";
import { z } from "zod";

const options = z.strictObject({ bucket: z.string().min(1).default("memory") });

/** Keeps objects in this process only: for trying things out, and for tests. */
export const adapter: StorageAdapter<z.output<typeof options>> = {
  name: "memory",
  options,
  create: ({ bucket }) => memory({ bucket }),
};
