import { once } from "node:events";
import type { Writable } from "node:stream";

/** Writes as fast as the other side takes it; false when there is no other side any more. */
export async function writeTo(stream: Writable, bytes: Uint8Array | string): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return false;
  if (!stream.write(bytes)) {
    const settled = new AbortController();
    try {
      await Promise.race([
        once(stream, "drain", { signal: settled.signal }),
        once(stream, "close", { signal: settled.signal }),
      ]);
    } catch {
      return false;
    } finally {
      settled.abort();
    }
  }
  return !stream.destroyed;
}
