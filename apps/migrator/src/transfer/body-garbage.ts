import { bodyGarbage } from "@bucketferry/storage-core/node";

/** Parts are reused buffers of their own, so only the pieces that fill them are garbage: young all of it. */
export const bodyBytesPassed = bodyGarbage({ everyBytes: 16 * 1024 * 1024 });
