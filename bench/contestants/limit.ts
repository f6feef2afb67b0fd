import { join } from "node:path";
import { limitEnvironment } from "../limits/limit-job.ts";
import type { Contestant } from "./contestant.ts";

/** A program that does the least that could be called copying; its time is the limit of what can be reached. */
export function limit(program: "copy-whole" | "copy-ranges"): Contestant {
  return {
    name: "limit",
    steps: ({ service, sourceBucket, targetBucket, concurrency }) => [
      {
        name: "copy",
        program: process.execPath,
        args: [join(import.meta.dirname, `../limits/${program}.ts`)],
        env: limitEnvironment({ service, source: sourceBucket, target: targetBucket, concurrency }),
      },
    ],
  };
}
