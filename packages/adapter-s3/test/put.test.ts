import { createHash, randomBytes } from "node:crypto";
import type { StorageProvider } from "@bucketferry/storage-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { local, type Local } from "./support/local.ts";

const MIB = 1024 ** 2;
const PART = 5 * MIB;

let s3: Local;
beforeAll(async () => {
  s3 = await local();
});
afterEach(() => s3.proxy.faults.clear());
afterAll(() => s3.close());

async function* chunksOf(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += size) yield bytes.subarray(offset, offset + size);
}

async function openUploads(provider: StorageProvider): Promise<number> {
  return (await Array.fromAsync(provider.multipart.list())).length;
}

const methods = () =>
  s3.proxy.faults.seen().map(({ method, query }) => `${method} ${query.replace(/=[^&]*/g, "")}`.trim());

describe("a put", () => {
  it("of bytes up to a part is one request, signed with their hash", async () => {
    const provider = s3.provider({ partSizeBytes: PART });
    await provider.put("one", new Uint8Array(PART));
    const [request, ...others] = s3.proxy.faults.seen();
    expect(others).toEqual([]);
    expect(request?.headers["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("of a stream that fits into a part is one signed request too, whether or not its length is known", async () => {
    const provider = s3.provider({ partSizeBytes: PART });
    const bytes = randomBytes(200_000);
    await provider.put("known", chunksOf(bytes), { contentLength: bytes.byteLength });
    await provider.put("unknown", chunksOf(bytes));
    await provider.put("empty", chunksOf(new Uint8Array()));
    expect(methods()).toEqual(["PUT", "PUT", "PUT"]);
    for (const { headers } of s3.proxy.faults.seen()) expect(headers["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
    expect((await provider.head("empty")).size).toBe(0);
  });

  it("of more goes in parts, and never holds more than the parts on their way", async () => {
    const provider = s3.provider({ partSizeBytes: PART, concurrency: 2 });
    const bytes = randomBytes(4 * PART + 12_345);
    let produced = 0;
    let confirmed = 0;
    let mostHeld = 0;
    const counted = (async function* () {
      for await (const chunk of chunksOf(bytes)) {
        produced += chunk.byteLength;
        mostHeld = Math.max(mostHeld, produced - confirmed);
        yield chunk;
      }
    })();
    // What is read of the stream is told as well; parts are told when they are whole.
    const onProgress = ({ sentBytes }: { sentBytes: number }) => {
      if (sentBytes % PART === 0) confirmed = sentBytes;
    };
    const result = await provider.put("large", counted, { onProgress, metadata: { a: "1" } });
    expect(result.size).toBe(bytes.byteLength);
    expect(result.etag).toMatch(/-5$/);
    const got = await provider.get("large");
    expect(got.info).toMatchObject({ etag: result.etag, metadata: { a: "1" } });
    expect(
      createHash("sha256")
        .update(await got.bytes())
        .digest("hex"),
    ).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(mostHeld).toBeLessThanOrEqual(2 * PART + 2 * 64 * 1024);
    expect(await openUploads(provider)).toBe(0);
  });

  it("ends at once when a part is refused, leaves no upload, and closes the source (S25)", async () => {
    const provider = s3.provider({ partSizeBytes: PART, concurrency: 2 });
    s3.proxy.faults.inject({ match: { query: "partNumber=2" }, times: 1, fault: { kind: "answer", status: 503 } });
    let isClosed = false;
    const endless = (async function* () {
      try {
        for (;;) yield randomBytes(MIB);
      } finally {
        isClosed = true;
      }
    })();
    await expect(provider.put("refused", endless)).rejects.toMatchObject({ code: "Unavailable", status: 503 });
    expect(await openUploads(provider)).toBe(0);
    expect(await provider.exists("refused")).toBe(false);
    expect(isClosed).toBe(true);
  });

  it("ends when a part is refused although the source has gone silent", async () => {
    const provider = s3.provider({ partSizeBytes: PART, concurrency: 2 });
    s3.proxy.faults.inject({ match: { query: "partNumber=1" }, times: 1, fault: { kind: "answer", status: 403 } });
    const silent = (async function* () {
      yield randomBytes(PART);
      yield randomBytes(MIB);
      await new Promise(() => undefined);
    })();
    await expect(provider.put("silent", silent)).rejects.toMatchObject({ code: "PermissionDenied" });
    expect(await openUploads(provider)).toBe(0);
  });

  it("fails when the completion begins with 200 and ends with an error, and leaves no upload (S11)", async () => {
    const provider = s3.provider({ partSizeBytes: PART });
    const body = "\n \n<?xml version='1.0'?>\n<Error><Code>InternalError</Code><Message>x</Message></Error>";
    s3.proxy.faults.inject({
      match: { method: "POST", query: "uploadId=" },
      times: 1,
      fault: { kind: "answer", status: 200, body },
    });
    await expect(provider.put("s11", randomBytes(PART + 1))).rejects.toMatchObject({
      code: "Unavailable",
      applied: "unknown",
    });
    expect(await openUploads(provider)).toBe(0);
    expect(await provider.exists("s11")).toBe(false);
  });

  it("leaves no upload when it is aborted while the upload is being begun (K13)", async () => {
    const provider = s3.provider({ partSizeBytes: PART });
    const aborted = Promise.withResolvers<void>();
    s3.proxy.faults.inject({
      match: { method: "POST", query: "uploads=" },
      times: 1,
      fault: { kind: "hold", until: aborted.promise },
    });
    const stop = new AbortController();
    const put = provider.put("late", randomBytes(PART + 1), { signal: stop.signal });
    const outcome = put.catch((error: unknown) => error);
    await expect.poll(() => methods().some((method) => method.startsWith("POST"))).toBe(true);
    stop.abort();
    aborted.resolve();
    expect(await outcome).toMatchObject({ name: "StorageError", code: "Aborted" });
    expect(methods().at(-1)).toMatch(/^DELETE uploadId/);
    expect(await openUploads(provider)).toBe(0);
  });

  it("says that it may have been done when the answer is lost (L13)", async () => {
    const provider = s3.provider();
    s3.proxy.faults.inject({ match: { method: "PUT" }, times: 1, fault: { kind: "reset", when: "afterRequest" } });
    await expect(provider.put("lost", "x")).rejects.toMatchObject({ code: "Unavailable", applied: "unknown" });
    expect(await provider.exists("lost")).toBe(true);
  });

  it("is refused by the service when a bit flips on the way, and the old object stays (F02)", async () => {
    const provider = s3.provider();
    await provider.put("flip", "old");
    s3.proxy.faults.inject({ match: { method: "PUT" }, times: 1, fault: { kind: "flipRequestBit", atByte: 1 } });
    await expect(provider.put("flip", "new")).rejects.toMatchObject({ code: "ChecksumMismatch" });
    expect(await (await provider.get("flip")).text()).toBe("old");
  });

  it("in parts is held against a checksum of the whole before it is completed", async () => {
    const provider = s3.provider({ partSizeBytes: PART }, { maxPutBytes: PART });
    const bytes = randomBytes(2 * PART + 7);
    const checksum = { algorithm: "sha256", value: createHash("sha256").update(bytes).digest("base64") } as const;
    await provider.put("whole", chunksOf(bytes), { checksum });
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(PART + 3) ^ 1, PART + 3);
    await expect(provider.put("damaged", chunksOf(damaged), { checksum })).rejects.toMatchObject({
      code: "ChecksumMismatch",
    });
    expect(await provider.exists("damaged")).toBe(false);
    expect(await openUploads(provider)).toBe(0);
    await expect(
      provider.put("crc", chunksOf(bytes), { checksum: { algorithm: "crc32", value: "AAAAAA==" } }),
    ).rejects.toMatchObject({ code: "Unsupported" });
  });

  it("with a hash that is known beforehand streams in one request, and the service verifies it", async () => {
    const provider = s3.provider({ partSizeBytes: PART });
    const bytes = randomBytes(2 * PART);
    const options = {
      contentLength: bytes.byteLength,
      checksum: { algorithm: "sha256", value: createHash("sha256").update(bytes).digest("base64") },
    } as const;
    await provider.put("hashed", chunksOf(bytes), options);
    expect(methods()).toEqual(["PUT"]);
    expect((await provider.head("hashed")).checksums).toMatchObject({ sha256: options.checksum.value, type: "full" });
    bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
    await expect(provider.put("hashed", chunksOf(bytes), options)).rejects.toMatchObject({ code: "ChecksumMismatch" });
  });

  it("gives up its stream when the service refuses before it has read it", async () => {
    const provider = s3.provider({ partSizeBytes: PART });
    const bytes = randomBytes(3 * PART);
    const checksum = { algorithm: "md5", value: createHash("md5").update(bytes).digest("hex") } as const;
    s3.proxy.faults.inject({ match: { method: "PUT" }, times: 1, fault: { kind: "answer", status: 403 } });
    await expect(
      provider.put("early", chunksOf(bytes), { contentLength: bytes.byteLength, checksum }),
    ).rejects.toMatchObject({ code: "PermissionDenied" });
    await provider.put("early", "and the connections still work");
  });

  it("over 5 GiB of known length is never begun as one request", async () => {
    const provider = s3.provider({ partSizeBytes: PART }, { maxPutBytes: PART });
    await provider.put("parts", randomBytes(PART + 1), { ifNoneMatch: "*" });
    expect(methods()[0]).toBe("POST uploads");
    await expect(provider.put("parts", randomBytes(PART + 1), { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "AlreadyExists",
    });
    expect(await openUploads(provider)).toBe(0);
  });
});

describe("a put with a condition, where parts know none", () => {
  let ceph: Local;
  beforeAll(async () => {
    ceph = await local({ profile: "ceph16", as: "ceph" });
  });
  afterEach(() => ceph.proxy.faults.clear());
  afterAll(() => ceph.close());

  it("streams a body of known length in one request", async () => {
    const provider = ceph.provider({ partSizeBytes: PART });
    const bytes = randomBytes(2 * PART + 1);
    const options = { contentLength: bytes.byteLength, ifNoneMatch: "*" } as const;
    const { checksums } = await provider.put("once", chunksOf(bytes), options);
    expect(checksums?.md5).toBe(createHash("md5").update(bytes).digest("hex"));
    await expect(provider.put("once", chunksOf(bytes), options)).rejects.toMatchObject({ code: "AlreadyExists" });
    await expect(provider.put("once", bytes, { ifNoneMatch: "*" })).rejects.toMatchObject({ code: "AlreadyExists" });
    expect(ceph.proxy.faults.seen().map(({ method }) => method)).toEqual(["PUT", "PUT", "PUT"]);
  });

  it("finds by the ETag that such a stream was damaged on the way", async () => {
    const provider = ceph.provider({ partSizeBytes: PART });
    const bytes = randomBytes(2 * PART);
    ceph.proxy.faults.inject({ match: { method: "PUT" }, times: 1, fault: { kind: "flipRequestBit", atByte: 77 } });
    await expect(
      provider.put("flip", chunksOf(bytes), { contentLength: bytes.byteLength, ifNoneMatch: "*" }),
    ).rejects.toMatchObject({ code: "ChecksumMismatch", applied: true });
  });

  it("refuses a longer body of unknown length before any request", async () => {
    const provider = ceph.provider({ partSizeBytes: PART });
    await expect(provider.put("unknown", chunksOf(randomBytes(PART + 1)), { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "Unsupported",
      hint: expect.stringContaining("contentLength"),
    });
    expect(ceph.proxy.faults.seen()).toEqual([]);
    await provider.put("unknown", chunksOf(randomBytes(100)), { ifNoneMatch: "*" });
  });
});
