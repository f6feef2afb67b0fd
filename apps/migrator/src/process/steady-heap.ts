import { setFlagsFromString } from "node:v8";

/**
 * Runs work that makes and drops millions of small values, and keeps the heap small meanwhile.
 *
 * V8 doubles the space for new values, up to three times 32 MiB, whenever enough of them outlived a collection; a walk through a
 * million objects always gets there, though a page at a time is all that it holds. The flag stops the doubling for the
 * moment (https://v8.dev/blog/trash-talk tells of the spaces). It is read at each growth, so it can be set while the program runs.
 */
export async function withSteadyHeap<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString("--semi-space-growth-factor=1");
  try {
    return await work();
  } finally {
    setFlagsFromString("--semi-space-growth-factor=2");
  }
}
