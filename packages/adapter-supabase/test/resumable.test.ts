import type { Fault } from "@bucketferry/storage-core/conformance";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localSupabase, PIECE_BYTES, someBytes, streamOf, type LocalSupabase } from "./local-supabase.ts";

const LENGTH = 3 * PIECE_BYTES + 1000;

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase();
});
afterAll(() => local.close());
beforeEach(() => local.proxy.faults.clear());

const requests = () =>
  local.proxy.faults.seen().map(({ method, path }) => `${method} ${path.replace(/resumable\/.+/, "resumable/:id")}`);
const count = (method: string) =>
  requests().filter((line) => line === `${method} /storage/v1/upload/resumable/:id`).length;

async function contentOf(key: string): Promise<Buffer> {
  return Buffer.from(await (await local.direct.get(key)).bytes());
}

function inject(method: string, fault: Fault, after = 0): void {
  local.proxy.faults.inject({ match: { method, path: "/upload/resumable/" }, times: 1, after, fault });
}

describe("a large body", () => {
  it.each([
    ["bytes", undefined],
    ["a stream of known length", LENGTH],
    ["a stream of unknown length", undefined],
  ])("A28 of %s goes in pieces and arrives whole, with its headers and metadata", async (what, contentLength) => {
    const bytes = someBytes(LENGTH);
    const body = what === "bytes" ? bytes : streamOf(bytes);
    const result = await local.provider.put("large.bin", body, {
      contentLength,
      contentType: "audio/mpeg",
      cacheControl: "max-age=60",
      metadata: { title: "grüße" },
    });
    expect(count("PATCH")).toBe(4);
    const info = await local.direct.head("large.bin");
    expect(info).toMatchObject({
      size: LENGTH,
      contentType: "audio/mpeg",
      cacheControl: "max-age=60",
      metadata: { title: "grüße" },
      etag: result.etag,
      version: result.version,
    });
    expect((await contentOf("large.bin")).equals(bytes)).toBe(true);
  });

  it("whose length is a multiple of the piece ends with a full piece", async () => {
    const bytes = someBytes(2 * PIECE_BYTES);
    await local.provider.put("multiple.bin", streamOf(bytes));
    expect(count("PATCH")).toBe(2);
    expect((await contentOf("multiple.bin")).equals(bytes)).toBe(true);
  });

  it("A13 leaves nothing of the metadata and headers that it overwrites", async () => {
    await local.provider.put("replaced.bin", "old", {
      metadata: { old: "yes" },
      cacheControl: "max-age=9",
      contentType: "text/css",
    });
    await local.provider.put("replaced.bin", someBytes(LENGTH));
    const { metadata, cacheControl, contentType } = await local.direct.head("replaced.bin");
    expect({ metadata, cacheControl, contentType }).toEqual({
      metadata: {},
      cacheControl: "no-cache",
      contentType: "application/octet-stream",
    });
  });

  it("A30 reports what the service has confirmed, also of plain bytes", async () => {
    const sent: number[] = [];
    await local.provider.put("progress.bin", someBytes(LENGTH), {
      onProgress: ({ sentBytes }) => sent.push(sentBytes),
    });
    expect(sent).toEqual([PIECE_BYTES, 2 * PIECE_BYTES, 3 * PIECE_BYTES, LENGTH]);
  });

  it("with a cache control that the resumable protocol cannot say goes in one request, unchanged", async () => {
    const bytes = someBytes(LENGTH);
    const cacheControl = "public, max-age=60, immutable";
    await local.provider.put("cached.bin", streamOf(bytes), { cacheControl });
    expect(count("PATCH")).toBe(0);
    expect((await local.direct.head("cached.bin")).cacheControl).toBe(cacheControl);
    expect((await contentOf("cached.bin")).equals(bytes)).toBe(true);
  });

  it("of unknown length that turns out small goes in one request", async () => {
    await local.provider.put("small.bin", streamOf(someBytes(100)));
    expect(requests()).toEqual([
      "POST /storage/v1/object/media/small.bin",
      "GET /storage/v1/object/info/authenticated/media/small.bin",
    ]);
  });

  it("that is a stored form is stored, not taken apart", async () => {
    const form = "--x\r\ncontent-disposition: form-data; name=a\r\n\r\nb\r\n--x--\r\n";
    for (const body of [form, ""]) {
      await local.provider.put("form.bin", body, { contentType: "multipart/form-data; boundary=x" });
      expect((await contentOf("form.bin")).toString()).toBe(body);
      expect((await local.direct.head("form.bin")).contentType).toBe("multipart/form-data; boundary=x");
    }
    const impossible = local.provider.put("form.bin", form, {
      contentType: "multipart/form-data",
      cacheControl: "private",
    });
    await expect(impossible).rejects.toMatchObject({ code: "Unsupported" });
  });
});

/** `ABORTED` of the @tus/utils library, by which the service's lock ends a request for a later one. */
const LOCK_TAKEN: Fault = {
  kind: "answer",
  status: 400,
  headers: { "content-type": "text/plain" },
  body: "Request aborted due to lock acquired",
};

const LOCK_TIMEOUT: Fault = {
  kind: "answer",
  status: 503,
  headers: { "content-type": "application/json" },
  body: '{"statusCode":"503","error":"acquiring_lock_timeout","message":"acquiring lock timeout","code":"LockTimeout"}',
};

describe("an empty body that is a stored form", () => {
  it("is refused where the service keeps its bytes in S3, whose resumable protocol takes no empty upload", async () => {
    const overS3 = await localSupabase({ backend: "s3" });
    try {
      const put = overS3.direct.put("form.bin", "", { contentType: "multipart/form-data; boundary=x" });
      await expect(put).rejects.toMatchObject({ code: "Unsupported", status: 404 });
      const lost = overS3.make({ bucket: "no-such" }).put("form.bin", "", { contentType: "multipart/form-data" });
      await expect(lost).rejects.toMatchObject({ code: "BucketNotFound" });
    } finally {
      await overS3.close();
    }
  });
});

describe("a large body over a bad line", () => {
  it.each<[string, string, Fault, number]>([
    ["the first piece is cut off", "PATCH", { kind: "reset", when: "duringRequest" }, 0],
    ["a piece never reaches the service", "PATCH", { kind: "reset", when: "beforeRequest" }, 1],
    ["the answer to a piece is lost", "PATCH", { kind: "reset", when: "afterRequest" }, 1],
    ["the answer to the last piece is lost", "PATCH", { kind: "reset", when: "afterRequest" }, 3],
    ["the last piece is cut off", "PATCH", { kind: "reset", when: "duringRequest" }, 3],
    ["the service is busy", "PATCH", { kind: "answer", status: 503 }, 2],
    ["the service asks for a pause", "PATCH", { kind: "answer", status: 429, headers: { "retry-after": "0" } }, 2],
    ["the upload is locked", "PATCH", { kind: "answer", status: 423 }, 2],
    ["another request takes its lock", "PATCH", LOCK_TAKEN, 2],
    ["its lock is not to be had in time", "PATCH", LOCK_TIMEOUT, 2],
  ])("L10 arrives whole although %s, and is read once", async (_, method, fault, after) => {
    for (const known of [true, false]) {
      const bytes = someBytes(LENGTH, after);
      local.proxy.faults.clear();
      inject(method, fault, after);
      const result = await local.provider.put("bad-line.bin", streamOf(bytes), known ? { contentLength: LENGTH } : {});
      expect((await contentOf("bad-line.bin")).equals(bytes)).toBe(true);
      expect(result).toMatchObject({ size: LENGTH, etag: (await local.direct.head("bad-line.bin")).etag });
    }
  });

  it("goes on also when the question where to go on fails", async () => {
    const bytes = someBytes(LENGTH);
    inject("PATCH", { kind: "reset", when: "duringRequest" }, 1);
    inject("HEAD", { kind: "answer", status: 502 });
    await local.provider.put("question.bin", streamOf(bytes));
    expect((await contentOf("question.bin")).equals(bytes)).toBe(true);
  });

  it("is whole when the answer to the last piece is lost and the service has forgotten the finished upload", async () => {
    const bytes = someBytes(LENGTH, 5);
    const headers = { "content-type": "text/plain" };
    inject("PATCH", { kind: "reset", when: "afterRequest" }, 3);
    inject("HEAD", { kind: "answer", status: 404, headers, body: "The file for this url was not found\n" });
    const result = await local.provider.put("forgotten.bin", streamOf(bytes));
    expect(result.etag).toBe((await local.direct.head("forgotten.bin")).etag);
    expect((await contentOf("forgotten.bin")).equals(bytes)).toBe(true);
  });

  it("is not called whole when the service took the last piece and made no object of it", async () => {
    const headers = { "upload-offset": String(LENGTH), "tus-resumable": "1.0.0" };
    inject("PATCH", { kind: "answer", status: 204, headers }, 3);
    const put = local.provider.put("unmade.bin", streamOf(someBytes(LENGTH)), { contentLength: LENGTH });
    await expect(put).rejects.toMatchObject({ code: "Unavailable", message: expect.stringContaining("all bytes") });
    expect(await local.direct.exists("unmade.bin")).toBe(false);
  });

  it("is not called whole when the service has forgotten an upload that is not finished", async () => {
    const headers = { "content-type": "text/plain" };
    const forgotten: Fault = { kind: "answer", status: 404, headers, body: "The file for this url was not found\n" };
    await local.provider.put("lost.bin", "old");
    inject("PATCH", forgotten, 3);
    const put = local.provider.put("lost.bin", someBytes(LENGTH));
    await expect(put).rejects.toMatchObject({ code: "Unavailable", retryable: true });
    expect((await contentOf("lost.bin")).toString()).toBe("old");
  });

  it("gives up on a service that stays down, terminates the upload and leaves the old object", async () => {
    await local.provider.put("given-up.bin", "old");
    local.proxy.faults.inject({ match: { method: "PATCH" }, times: Infinity, fault: { kind: "answer", status: 503 } });
    await expect(local.provider.put("given-up.bin", someBytes(LENGTH))).rejects.toMatchObject({
      code: "Unavailable",
      retryable: true,
    });
    expect(count("DELETE")).toBe(1);
    expect((await contentOf("given-up.bin")).toString()).toBe("old");
  });

  it("does not try again what the service refuses for good", async () => {
    inject(
      "PATCH",
      { kind: "answer", status: 413, headers: { "content-type": "text/plain" }, body: "upload's size exceeded" },
      1,
    );
    await expect(local.provider.put("refused.bin", someBytes(LENGTH))).rejects.toMatchObject({ code: "TooLarge" });
    expect(count("PATCH")).toBe(2);
    expect(count("DELETE")).toBe(1);
  });
});

describe("a large body that is not sent to its end", () => {
  it("A18 because its source failed is terminated, and the error keeps the source's", async () => {
    await local.provider.put("source.bin", "old");
    const reason = new Error("the tape broke");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield someBytes(2 * PIECE_BYTES);
      throw reason;
    }
    await expect(local.provider.put("source.bin", failing())).rejects.toMatchObject({
      code: "IncompleteBody",
      cause: reason,
    });
    expect(count("DELETE")).toBe(1);
    expect((await contentOf("source.bin")).toString()).toBe("old");
  });

  it.each([
    ["A19 longer", LENGTH + 1],
    ["A20 shorter", LENGTH - 1],
  ])("because it is %s than announced is terminated before its last piece", async (_, length) => {
    await local.provider.put("length.bin", "old");
    const put = local.provider.put("length.bin", streamOf(someBytes(length)), { contentLength: LENGTH });
    await expect(put).rejects.toMatchObject({ code: "IncompleteBody" });
    expect(count("DELETE")).toBe(1);
    expect((await contentOf("length.bin")).toString()).toBe("old");
  });

  it("L02 because the caller aborts is terminated by the time the provider is closed", async () => {
    const provider = local.make();
    const controller = new AbortController();
    async function* aborted(): AsyncGenerator<Uint8Array> {
      yield someBytes(2 * PIECE_BYTES);
      controller.abort();
      yield someBytes(1);
    }
    await expect(provider.put("aborted.bin", aborted(), { signal: controller.signal })).rejects.toMatchObject({
      code: "Aborted",
    });
    await provider.close();
    expect(count("DELETE")).toBe(1);
    expect(await local.direct.exists("aborted.bin")).toBe(false);
  });
});
