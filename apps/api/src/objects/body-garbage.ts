import { bodyGarbage } from "@bucketferry/storage-core/node";

const MIB = 1024 * 1024;
const EVERY_BYTES = 4 * MIB;

/** The parts of an upload live longer than the young generation, so the old one is looked at often. */
export const uploadedBytesPassed = bodyGarbage({ everyBytes: EVERY_BYTES, oldGarbageBytes: 8 * MIB });

/** The pieces of a download are young garbage nearly all: looking at the old generation as often halves its speed. */
export const downloadedBytesPassed = bodyGarbage({ everyBytes: EVERY_BYTES, oldGarbageBytes: 16 * MIB });
