import { createHash } from "node:crypto";
import type { GetOptions, GetResult, StorageProvider } from "@bucketferry/storage-core";
import { memory } from "@bucketferry/storage-core/memory";
import { beforeEach, describe, expect, it } from "vitest";
import { partBuffers, type PartBuffers } from "./part-buffers.ts";
import { readDigests } from "./read-digests.ts";
import { readInParts } from "./read-in-parts.ts";
import { SideFailure } from "./side-failure.ts";

const MIB = 1024 ** 2;
/** As large as the memory below allows, for two at once. */
const PART = 4 * MIB;
const AT_ONCE = 2;
/** Where the ranges begin: none where a part of a copy does. */
const OFFSETS = [0, 0.5 * PART, 1.5 * PART, 2.5 * PART];
const never = new AbortController().signal;
const old = bytesOf(1);
const next = bytesOf(2);

/** Four ranges: the first half as long as the two behind it, the last one short. */
function bytesOf(seed: number): Buffer {
  return Buffer.alloc(2.5 * PART + 12_345, `${seed} neither part begins like another, since this is of no even length`);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

let store: StorageProvider;
let buffers: PartBuffers;
beforeEach(async () => {
  store = memory();
  buffers = partBuffers(AT_ONCE * PART);
  await store.put("k", old);
});

/** The same store with another way to its bodies. */
function reached(get: (open: () => Promise<GetResult>, options: GetOptions) => Promise<GetResult>): StorageProvider {
  return { ...store, get: (key, options = {}) => get(() => store.get(key, options), options) };
}

const read = (provider: StorageProvider) =>
  readDigests("target", provider, "k", { signal: never, md5: true, inParts: { buffers, listedSize: old.byteLength } });

function offsetOf({ range }: GetOptions): number | undefined {
  return range !== undefined && "offset" in range ? range.offset : undefined;
}

async function isAllMemoryFree(): Promise<boolean> {
  const all = await Promise.all(Array.from({ length: AT_ONCE }, () => buffers.take(PART, AbortSignal.timeout(5_000))));
  for (const buffer of all) buffer.release();
  return true;
}

describe("a large object that is read for its hash", () => {
  it("is read in ranges of the version that was looked at, as many at once as there is memory for", async () => {
    const asked: GetOptions[] = [];
    const full = Promise.withResolvers<void>();
    let askedWhenFull = 0;
    const provider = reached(async (get, options) => {
      asked.push(options);
      if (asked.length === AT_ONCE) full.resolve();
      if (offsetOf(options) === 0) {
        // The first one answers when those behind it have filled the memory, and nobody else has come.
        await full.promise;
        await new Promise((resolve) => setTimeout(resolve, 20));
        askedWhenFull = asked.length;
      }
      return get();
    });
    const { info, digests } = await read(provider);
    expect(digests).toEqual({
      size: old.byteLength,
      sha256: sha256(old),
      md5: createHash("md5").update(old).digest("hex"),
    });
    expect(askedWhenFull).toBe(AT_ONCE);
    expect(asked.map(offsetOf)).toEqual(OFFSETS);
    expect(asked.every(({ ifMatch }) => ifMatch === info.etag)).toBe(true);
    expect(await isAllMemoryFree()).toBe(true);
  });

  it("S1 is read again in one stream when it is replaced in the midst of it: what comes out is one version", async () => {
    const ranges: unknown[] = [];
    const provider = reached(async (get, options) => {
      ranges.push(offsetOf(options));
      if (offsetOf(options) === OFFSETS.at(-1)) await store.put("k", next);
      return get();
    });
    const { info, digests } = await read(provider);
    expect(digests.sha256).toBe(sha256(next));
    expect(info.etag).toBe((await store.head("k")).etag);
    expect(ranges).toContain(OFFSETS.at(-1));
    expect(ranges.at(-1)).toBeUndefined();
    expect(await isAllMemoryFree()).toBe(true);
  });

  it("fails with the failure of a part, and gives the memory of all of them back", async () => {
    const provider = reached(async (get, options) => {
      if (offsetOf(options) === OFFSETS[1]) await store.delete("k");
      return get();
    });
    await expect(read(provider)).rejects.toMatchObject({ side: "target", failure: { code: "NotFound" } });
    expect(await isAllMemoryFree()).toBe(true);
  });

  it("waits for whoever slows the reading down, and is given up on demand", async () => {
    const stop = new AbortController();
    const passed: number[] = [];
    const reading = readInParts("source", store, await store.head("k"), {
      signal: stop.signal,
      md5: false,
      buffers,
      onBytes(bytes) {
        passed.push(bytes);
        if (passed.length === 2) stop.abort(new Error("enough"));
      },
    });
    // A range that is under way ends with the provider's error, one that waits for memory with the reason itself.
    const failure = await reading.catch((error: unknown) => error);
    expect([stop.signal.reason, "Aborted"]).toContain(failure instanceof SideFailure ? failure.failure.code : failure);
    expect(passed).toEqual([PART / 2, PART]);
    expect(await isAllMemoryFree()).toBe(true);
  });

  it("is one stream where the listing calls it small, the service has no ranges, or it has become small", async () => {
    const ranges: unknown[] = [];
    const provider = reached(async (get, { range }) => {
      ranges.push(range);
      return get();
    });
    const small = { signal: never, inParts: { buffers, listedSize: 1 } };
    expect((await readDigests("source", provider, "k", small)).digests.sha256).toBe(sha256(old));
    const capabilities = { ...provider.capabilities, range: { ...provider.capabilities.range, bounded: false } };
    expect((await read({ ...provider, capabilities })).digests.sha256).toBe(sha256(old));
    await store.put("k", "tiny");
    expect((await read(provider)).digests.size).toBe(4);
    expect(ranges).toEqual([undefined, undefined, undefined]);
  });
});
