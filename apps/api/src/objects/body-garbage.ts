import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MIB = 1024 * 1024;
/** Bytes of bodies after which the pieces they came in are collected. */
const EVERY_BYTES = 4 * MIB;
/** Buffers may come to this beyond half as much again as was in use last time, before the old generation is collected. */
const OLD_GARBAGE_BYTES = 3 * MIB;

type Collect = (options: { readonly type: "minor" | "major" }) => void;

let collect: Collect | undefined;
let passedBytes = 0;
let bytesInUse = 0;

/**
 * Each piece of a body is a buffer outside of V8's heap that is garbage as soon as it was passed on. V8 sees little of it,
 * and lets 64 MiB and more pile up before it looks. Collecting the young generation takes about a millisecond. Parts of an
 * upload live longer than that, so when many are left the old generation is collected too, which takes some ten.
 */
export function bodyBytesPassed(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < EVERY_BYTES) return;
  passedBytes = 0;
  collect ??= exposedCollector();
  collect({ type: "minor" });
  if (process.memoryUsage().arrayBuffers < bytesInUse * 1.5 + OLD_GARBAGE_BYTES) return;
  collect({ type: "major" });
  bytesInUse = process.memoryUsage().arrayBuffers;
}

/** `gc` exists in contexts that are made after the flag was set: https://nodejs.org/api/v8.html#v8setflagsfromstringflags */
function exposedCollector(): Collect {
  setFlagsFromString("--expose-gc");
  const exposed: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return typeof exposed === "function" ? (exposed as Collect) : () => undefined;
}
