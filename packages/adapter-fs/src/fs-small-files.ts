/**
 * Up to this size a file is written and read by synchronous calls. Each takes a few microseconds, since the system's cache
 * answers it; a trip through Node's thread pool takes ten times that, and an object needs a dozen of them. What does wait
 * for a disk is never done so: syncing; renaming over another file, where ext4 writes the new one's bytes first
 * (`auto_da_alloc`, ext4(5)); and making a file in the folder that such a rename holds meanwhile.
 */
export const SMALL_FILE_BYTES = 64 * 1024;
