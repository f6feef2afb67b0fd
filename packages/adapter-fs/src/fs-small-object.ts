import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import type { DriverBody, ObjectInfo } from "@bucketferry/storage-core/provider";
import { identityAt, refuseEscape } from "./fs-commit.ts";
import { fileIdentity } from "./fs-identity.ts";
import type { FsLayout } from "./fs-layout.ts";
import { READ } from "./fs-open.ts";
import { objectInfo } from "./fs-object-info.ts";
import { readSidecar } from "./fs-sidecar.ts";
import { SMALL_FILE_BYTES } from "./fs-small-files.ts";

export interface SmallObject {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

/** All of an object that is small. Undefined: it is large, is being replaced, or cannot be opened; opening it says which. */
export function smallObject(layout: FsLayout, key: string): SmallObject | undefined {
  const path = layout.object(key);
  let file: number;
  try {
    file = openSync(path, READ);
  } catch {
    return undefined;
  }
  try {
    refuseEscape(dirname(path), layout);
    const stats = fstatSync(file, { bigint: true });
    if (!stats.isFile() || stats.size > SMALL_FILE_BYTES) return undefined;
    const identity = fileIdentity(stats);
    const sidecar = readSidecar(layout, key, identity);
    if (sidecar === undefined && identityAt(path) !== identity) return undefined;
    return { info: objectInfo(key, stats, sidecar), bytes: contentOf(file, Number(stats.size)) };
  } finally {
    closeSync(file);
  }
}

/** Shorter than asked when somebody has cut the file meanwhile; the kit counts, and says so. */
function contentOf(file: number, length: number): Uint8Array {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, buffer, filled, length - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

/** Bytes that were read already, as a body. */
export function heldBody(bytes: Uint8Array): DriverBody {
  return {
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
    bytes: () => Promise.resolve(bytes),
    cancel: () => Promise.resolve(),
  };
}
