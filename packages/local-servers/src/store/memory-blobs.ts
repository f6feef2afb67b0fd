import type { Blobs } from "./blobs.ts";

/** How much of a blob one chunk of a read holds. */
const CHUNK_BYTES = 256 * 1024;

/** Blobs in the memory of this process, for tests. */
export function memoryBlobs(): Blobs {
  const contents = new Map<string, Buffer>();
  let created = 0;

  return {
    create() {
      created += 1;
      const name = String(created);
      const chunks: Uint8Array[] = [];
      return {
        name,
        async write(chunk) {
          chunks.push(chunk);
        },
        async close() {
          contents.set(name, Buffer.concat(chunks));
        },
        async discard() {
          contents.delete(name);
        },
      };
    },

    async *read(name, start, end) {
      const bytes = contents.get(name);
      if (bytes === undefined) throw new Error(`The blob ${name} is gone from memory.`);
      for (let position = start; position < end; position += CHUNK_BYTES) {
        yield bytes.subarray(position, Math.min(position + CHUNK_BYTES, end));
      }
    },

    remove(name) {
      contents.delete(name);
    },

    sweep() {},
  };
}
