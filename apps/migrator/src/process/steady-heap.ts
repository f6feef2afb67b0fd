import { setFlagsFromString } from "node:v8";
import { exposedCollector } from "@bucketferry/storage-core/node";

/** Old values that are looked for this often … */
const LOOK_EVERY_MS = 100;
/** … and collected when there may be so many of them: a dozen times in a walk through a million objects, 10 ms each. */
const GARBAGE_BYTES = 12 * 1024 * 1024;

/**
 * Runs work that makes and drops millions of small values, and keeps the heap small meanwhile.
 *
 * V8 doubles the space for new values, up to three times 32 MiB, whenever enough of them outlived a collection; a walk through a
 * million objects always gets there, though a page at a time is all that it holds. The flag stops the doubling for the
 * moment (https://v8.dev/blog/trash-talk tells of the spaces). It is read at each growth, so it can be set while the program runs.
 *
 * The pages that outlived a collection are garbage soon after, and V8 leaves some thirty MiB of them lying in a heap as small
 * as this one, so memory would seem to grow with the number of objects. `garbageBytes`: so much of them may lie there.
 */
export async function withSteadyHeap<T>(work: () => Promise<T>, garbageBytes = GARBAGE_BYTES): Promise<T> {
  const collect = exposedCollector();
  let keptBytes = process.memoryUsage().heapUsed;
  const watch = setInterval(() => {
    if (process.memoryUsage().heapUsed < keptBytes + garbageBytes) return;
    collect({ type: "major" });
    keptBytes = process.memoryUsage().heapUsed;
  }, LOOK_EVERY_MS).unref();
  setFlagsFromString("--semi-space-growth-factor=1");
  try {
    return await work();
  } finally {
    setFlagsFromString("--semi-space-growth-factor=2");
    clearInterval(watch);
  }
}
