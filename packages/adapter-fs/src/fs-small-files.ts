/**
 * Up to this size a file is written and read by synchronous calls. Each takes a few microseconds, since the system's cache
 * answers it; a trip through Node's thread pool takes ten times that, and an object needs a dozen of them. What does wait
 * for a disk, syncing, is never done so.
 */
export const SMALL_FILE_BYTES = 64 * 1024;
