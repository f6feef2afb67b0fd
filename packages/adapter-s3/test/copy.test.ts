import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { local, type Local } from "./support/local.ts";

const PART = 5 * 1024 ** 2;
/** Makes every copy of more than 5 MiB one in parts of 5 MiB. */
const SMALL = { maxCopyBytes: PART, copyPartBytes: PART };
const HEADERS = {
  contentType: "audio/mpeg",
  cacheControl: "max-age=60",
  contentDisposition: "attachment",
  contentLanguage: "de",
  metadata: { owner: "42" },
};

describe.each([
  { server: "aws", as: "aws", pins: true },
  { server: "ceph16", as: "ceph", pins: false },
] as const)("a copy of more than one request takes, on $server", ({ server, as, pins }) => {
  let s3: Local;
  const bytes = randomBytes(2 * PART + 3);
  beforeAll(async () => {
    s3 = await local({ profile: server, as });
    await s3.provider({ partSizeBytes: 16 * 1024 ** 2 }).put("source", bytes, HEADERS);
  });
  afterEach(() => s3.proxy.faults.clear());
  afterAll(() => s3.close());

  it("keeps bytes, headers and metadata, and takes them of one version (I01, I09)", async () => {
    const provider = s3.provider({}, SMALL);
    s3.proxy.faults.clear();
    const result = await provider.copy("source", "target");
    const parts = s3.proxy.faults.seen().filter(({ query }) => query.includes("partNumber"));
    expect(parts).toHaveLength(3);
    expect(parts.every(({ headers }) => (headers["x-amz-copy-source-if-match"] !== undefined) === pins)).toBe(true);
    const got = await provider.get("target");
    expect(got.info).toMatchObject({ ...HEADERS, size: bytes.byteLength, etag: result.etag });
    expect(Buffer.from(await got.bytes()).equals(bytes)).toBe(true);
    expect(result.size).toBe(bytes.byteLength);
  });

  it("can replace headers and metadata (I02)", async () => {
    const provider = s3.provider({}, SMALL);
    await provider.copy("source", "replaced", { replace: { contentType: "text/plain", metadata: { b: "2" } } });
    const info = await provider.head("replaced");
    expect(info).toMatchObject({ contentType: "text/plain", metadata: { b: "2" } });
    expect(info.cacheControl).toBeUndefined();
  });

  it("onto itself can replace them too (I05)", async () => {
    const provider = s3.provider({}, SMALL);
    await s3.provider({ partSizeBytes: 16 * 1024 ** 2 }).put("itself", bytes, HEADERS);
    await provider.copy("itself", "itself");
    expect((await provider.head("itself")).contentType).toBe("audio/mpeg");
    await provider.copy("itself", "itself", { replace: { contentType: "text/plain" } });
    const got = await provider.get("itself");
    expect(got.info.contentType).toBe("text/plain");
    expect(Buffer.from(await got.bytes()).equals(bytes)).toBe(true);
  });

  it("fails when the source is overwritten meanwhile, and makes no target (I10)", async () => {
    const provider = s3.provider({ concurrency: 1 }, SMALL);
    await s3.provider({ partSizeBytes: 16 * 1024 ** 2 }).put("changing", bytes);
    const overwritten = Promise.withResolvers<void>();
    const fault = { kind: "hold", until: overwritten.promise } as const;
    s3.proxy.faults.inject({ match: { query: "partNumber=2" }, times: 1, fault });
    const outcome = provider.copy("changing", "mixed").catch((error: unknown) => error);
    await expect.poll(() => s3.proxy.faults.seen().some(({ query }) => query.includes("partNumber=2"))).toBe(true);
    await s3.provider({ partSizeBytes: 16 * 1024 ** 2 }).put("changing", randomBytes(bytes.byteLength));
    overwritten.resolve();
    expect(await outcome).toMatchObject({ name: "StorageError", code: "PreconditionFailed" });
    expect(await provider.exists("mixed")).toBe(false);
    expect(await Array.fromAsync(provider.multipart.list())).toEqual([]);
  });

  it("says that it asks for an upload, and which one it is before it copies a part (S25)", async () => {
    const provider = s3.provider({}, SMALL);
    const told: (readonly unknown[])[] = [];
    s3.proxy.faults.clear();
    await provider.copy("source", "told", {
      async onUpload(uploadId) {
        const requests = s3.proxy.faults.seen().filter(({ method }) => method !== "HEAD");
        const uploads = await Array.fromAsync(provider.multipart.list({ prefix: "told" }));
        told.push([uploadId, uploads.map((upload) => upload.uploadId), requests.length]);
      },
    });
    const id = told[1]?.[0];
    // Between the two were a look at the uploads and the creation of this one.
    expect(told).toEqual([
      [undefined, [], 0],
      [id, [id], 2],
    ]);
    expect(id).toEqual(expect.any(String));
    const ended = provider.copy("source", "refused", {
      onUpload(uploadId) {
        if (uploadId !== undefined) throw new Error("the disk is full");
      },
    });
    await expect(ended).rejects.toMatchObject({ cause: new Error("the disk is full") });
    expect(await provider.exists("refused")).toBe(false);
    expect(await Array.fromAsync(provider.multipart.list())).toEqual([]);
  });

  it("fails when a part's answer of 200 holds an error, and leaves no upload (I11, S11)", async () => {
    const provider = s3.provider({}, SMALL);
    const body = "<?xml version='1.0'?><Error><Code>InternalError</Code></Error>";
    s3.proxy.faults.inject({
      match: { query: "partNumber=2" },
      times: 1,
      fault: { kind: "answer", status: 200, body },
    });
    await expect(provider.copy("source", "failed")).rejects.toMatchObject({ code: "Unavailable" });
    expect(await provider.exists("failed")).toBe(false);
    expect(await Array.fromAsync(provider.multipart.list())).toEqual([]);
  });
});

describe("a copy", () => {
  let s3: Local;
  beforeAll(async () => {
    s3 = await local();
  });
  afterEach(() => s3.proxy.faults.clear());
  afterAll(() => s3.close());

  it("is two requests: a look at the source, and a copy of exactly that version", async () => {
    const provider = s3.provider();
    const { etag } = await provider.put("a", "x");
    s3.proxy.faults.clear();
    expect(await provider.copy("a", "b")).toMatchObject({ key: "b", size: 1, etag });
    const [look, copy, ...rest] = s3.proxy.faults.seen();
    expect([look?.method, copy?.method, rest.length]).toEqual(["HEAD", "PUT", 0]);
    expect(copy?.headers["x-amz-copy-source-if-match"]).toBe(`"${etag}"`);
  });

  it("onto itself heeds its conditions, though there is nothing to copy (E10)", async () => {
    const provider = s3.provider();
    const { etag } = await provider.put("self", "x");
    expect(await provider.copy("self", "self", { ifMatch: etag })).toMatchObject({ etag });
    await expect(provider.copy("self", "self", { ifNoneMatch: "*" })).rejects.toMatchObject({ code: "AlreadyExists" });
    await expect(provider.copy("self", "self", { ifMatch: "0".repeat(32) })).rejects.toMatchObject({
      code: "PreconditionFailed",
    });
  });

  it("beyond one request is refused where the service cannot copy parts", async () => {
    const provider = s3.provider({ profile: "generic" }, SMALL);
    await provider.put("large", randomBytes(PART + 1));
    await expect(provider.copy("large", "larger")).rejects.toMatchObject({ code: "TooLarge" });
  });
});

describe.each(["auto", "sdk"] as const)("a copy from another bucket, in lane %s,", (lane) => {
  let s3: Local;
  let other: string;
  beforeAll(async () => {
    s3 = await local();
    other = await s3.buckets.create();
  });
  afterAll(() => s3.close());

  it.each([{ size: 1000 }, { size: PART + 1000 }])(
    "of $size bytes, takes bytes, headers and metadata from there, of the version that was demanded (I01, I09, E11)",
    async ({ size }) => {
      const [from, to] = [s3.provider({ bucket: other, lane }, SMALL), s3.provider({ lane }, SMALL)];
      const bytes = randomBytes(size);
      const { etag } = await from.put("a ü/+%2F.mp3", bytes, HEADERS);
      await to.put("a ü/+%2F.mp3", "this bucket's own");
      const stale = to.copy("a ü/+%2F.mp3", "copy", { fromBucket: other, sourceIfMatch: "0".repeat(32) });
      await expect(stale).rejects.toMatchObject({ code: "PreconditionFailed" });
      expect(await to.exists("copy")).toBe(false);
      const result = await to.copy("a ü/+%2F.mp3", "copy", { fromBucket: other, sourceIfMatch: etag });
      expect(result).toMatchObject({ key: "copy", size });
      const got = await to.get("copy");
      expect(got.info).toMatchObject({ ...HEADERS, etag: result.etag });
      expect(Buffer.from(await got.bytes()).equals(bytes)).toBe(true);
      await to.copy("a ü/+%2F.mp3", "a ü/+%2F.mp3", { fromBucket: other });
      expect((await to.head("a ü/+%2F.mp3")).size).toBe(size);
      await to.delete("copy");
    },
  );

  it("that does not exist fails, and makes nothing (I14)", async () => {
    const provider = s3.provider({ lane });
    await expect(provider.copy("a", "never", { fromBucket: "there-is-none" })).rejects.toMatchObject({
      code: "BucketNotFound",
    });
    expect(await provider.exists("never")).toBe(false);
  });
});
