import { createHash } from "node:crypto";
import type { UploadPartRecord } from "@bucketferry/ledger";
import type { GetOptions, StorageProvider } from "@bucketferry/storage-core";
import { memory } from "@bucketferry/storage-core/memory";
import { describe, expect, it } from "vitest";
import { partBuffers } from "./part-buffers.ts";
import { openPinned } from "./pinned-range.ts";
import { sendParts } from "./send-parts.ts";
import type { FoundObject, TransferContext } from "./transfer.ts";

const never = new AbortController().signal;
const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 7) % 251));

describe("L9 the memory for parts", () => {
  it("never holds more than it may, whatever is asked for, and uses its buffers again", async () => {
    const buffers = partBuffers(100);
    const seen = new Set<ArrayBufferLike>();
    let used = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const buffer = await buffers.take(25, never);
        seen.add(buffer.bytes.buffer);
        most = Math.max(most, (used += buffer.bytes.byteLength));
        await new Promise((resolve) => setImmediate(resolve));
        used -= buffer.bytes.byteLength;
        buffer.release();
        buffer.release();
      }),
    );
    expect(most).toBe(100);
    expect(seen.size).toBe(4);
  });

  it("gives a short part the length it asked for, out of a longer buffer", async () => {
    const buffers = partBuffers(100);
    (await buffers.take(50, never)).release();
    expect((await buffers.take(30, never)).bytes.byteLength).toBe(30);
  });
});

describe("S2 a range of a pinned version", () => {
  const opened = async (change: Partial<StorageProvider["capabilities"]>, get?: StorageProvider["get"]) => {
    const provider = memory();
    await provider.put("k", bytes);
    const { etag, size } = await provider.head("k");
    const source: StorageProvider = {
      ...provider,
      capabilities: { ...provider.capabilities, ...change },
      get: get ?? ((key: string, options?: GetOptions) => provider.get(key, options)),
    };
    return { provider, source, pinned: { key: "k", etag, size } };
  };
  const range = { range: { offset: 10, length: 20 }, signal: never };

  it("is served as long as the source has that version", async () => {
    const { source, pinned } = await opened({});
    expect(Buffer.from(await (await openPinned(source, pinned, range)).bytes())).toEqual(bytes.subarray(10, 30));
  });

  it.each([true, false])(
    "is refused when the source has another one (the source knows If-Match: %s)",
    async (ifMatch) => {
      const conditions = { ifNoneMatch: true, ifModifiedSince: true, ifUnmodifiedSince: true };
      const { provider, source, pinned } = await opened({ conditionalGet: { ifMatch, ...conditions } });
      await provider.put("k", Buffer.alloc(1_000, 1));
      await expect(openPinned(source, pinned, range)).rejects.toMatchObject({
        side: "source",
        failure: { code: "PreconditionFailed" },
      });
    },
  );

  it("S10 is refused when other bytes are served than were asked for", async () => {
    const { provider, pinned } = await opened({});
    const source = { ...provider, get: () => provider.get("k", { range: { offset: 11, length: 20 } }) };
    await expect(openPinned(source, pinned, range)).rejects.toMatchObject({ failure: { code: "IncompleteBody" } });
  });
});

describe("S21 a part that is too large for memory", () => {
  it("flows, is read again when the way to the target breaks, and leaves the hash of the whole right", async () => {
    const source = memory();
    const target = memory({ minPartBytes: 1 });
    await source.put("k", bytes);
    const info = await source.head("k");
    const { uploadId } = await target.multipart.create("k");
    const recorded: UploadPartRecord[] = [];
    let attempts = 0;
    const flaky: StorageProvider = {
      ...target,
      multipart: {
        ...target.multipart,
        async uploadPart(upload, partNumber, body, options) {
          if (typeof body !== "function") throw new Error("the part does not flow");
          // As a layer that retries does: the body is opened once more.
          if (++attempts === 2) for await (const chunk of (await body()) as AsyncIterable<Uint8Array>) void chunk;
          return target.multipart.uploadPart(upload, partNumber, body, options);
        },
      },
    };
    const context = {
      route: { name: "r", source, target: flaky },
      bandwidth: { pass: () => Promise.resolve() },
      parts: partBuffers(400),
      uploads: { addPart: async (_route: string, _key: string, part: UploadPartRecord) => void recorded.push(part) },
      signal: never,
      onBytes: () => undefined,
    } as unknown as TransferContext;
    const transfer = { object: { key: "k", targetKey: "k" }, info } as unknown as FoundObject;
    const sent = await sendParts(
      transfer,
      { key: "k", uploadId, kept: new Map() },
      { sizeBytes: 1_000, partSizeBytes: 300 },
      context,
    );
    expect(sent.digests.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(recorded.map(({ size }) => size)).toEqual([300, 300, 300, 100]);
    await target.multipart.complete({ key: "k", uploadId }, sent.parts);
    expect(Buffer.from(await (await target.get("k")).bytes())).toEqual(bytes);
    // Opaque ETags prove nothing, and nobody could send a checksum along.
    expect(sent.evidence).toBeNull();
  });
});
