import { bodyGarbage } from "@bucketferry/storage-core/node";

const MIB = 1024 * 1024;

/** The parts of an upload live longer than the young generation, so the old one is looked at too. */
export const bodyBytesPassed = bodyGarbage({ everyBytes: 4 * MIB, oldGarbageBytes: 3 * MIB });
