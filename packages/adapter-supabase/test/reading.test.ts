import { createHash } from "node:crypto";
import type { FaultRule } from "@bucketferry/storage-core/conformance";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localSupabase, someBytes, type LocalSupabase } from "./local-supabase.ts";

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase();
});
afterAll(() => local.close());
beforeEach(() => local.proxy.faults.clear());

const INFO = "/object/info/authenticated/";
const BYTES = "/object/authenticated/media/";
const inject = (rule: Omit<FaultRule, "times"> & { times?: number }) =>
  local.proxy.faults.inject({ times: 1, ...rule });
const seen = (path: string) => local.proxy.faults.seen().filter((request) => request.path.includes(path));
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

describe("get", () => {
  it("S1 gives bytes and description of one version, also when the object changes between the two", async () => {
    await local.direct.put("changing.txt", "old", { contentType: "text/old" });
    const changed = Promise.withResolvers<void>();
    inject({ match: { path: BYTES }, fault: { kind: "hold", until: changed.promise } });
    const getting = local.provider.get("changing.txt");
    const described = () =>
      local.server.requests().some(({ url, status }) => url.endsWith(`${INFO}media/changing.txt`) && status === 200);
    await expect.poll(described).toBe(true);
    // The description is answered; now the bytes become others.
    await local.direct.put("changing.txt", "new and longer", { contentType: "text/new" });
    changed.resolve();
    const result = await getting;
    expect(await result.text()).toBe("new and longer");
    expect(result.info).toMatchObject({
      contentType: "text/new",
      size: 14,
      etag: (await local.direct.head("changing.txt")).etag,
    });
  });

  it("S1 gives up when the object is another one at every look", async () => {
    await local.direct.put("restless.txt", "x");
    const info = await local.rawInfo("restless.txt");
    for (let version = 0; version < 3; version += 1) {
      const body = JSON.stringify({ ...info, etag: `"${version}"`, version: `v${version}` });
      inject({ match: { path: INFO }, fault: { kind: "rewrite", body } });
    }
    await expect(local.provider.get("restless.txt")).rejects.toMatchObject({ code: "Conflict", retryable: true });
    expect(seen(BYTES)).toHaveLength(3);
  });

  it("reads an object of the service's first years, whose record has neither ETag nor version", async () => {
    await local.direct.put("ancient.txt", "from 2021");
    const body = JSON.stringify({ ...(await local.rawInfo("ancient.txt")), etag: null, version: null });
    inject({ match: { path: INFO }, times: 3, fault: { kind: "rewrite", body } });
    const opened = await local.provider.get("ancient.txt");
    expect(opened.info.etag).toBe(md5(Buffer.from("from 2021")));
    expect(await opened.text()).toBe("from 2021");
    expect(seen(BYTES)).toHaveLength(2);
  });

  it("reads an object whose record has another ETag than its bytes, when nobody changes it meanwhile", async () => {
    await local.direct.put("odd.txt", "odd");
    inject({ match: { path: BYTES }, times: Infinity, fault: { kind: "rewrite", headers: { etag: '"another"' } } });
    const result = await local.provider.get("odd.txt");
    expect(result.info.etag).toBe(md5(Buffer.from("odd")));
    expect(await result.text()).toBe("odd");
  });

  it("takes an ETag that a proxy has marked as weak for the same", async () => {
    await local.direct.put("weak.txt", "weak");
    inject({
      match: { path: BYTES },
      fault: { kind: "rewrite", headers: { etag: `W/"${md5(Buffer.from("weak"))}"` } },
    });
    expect(await (await local.provider.get("weak.txt")).text()).toBe("weak");
    expect(seen(BYTES)).toHaveLength(1);
  });

  it("C03 tells the stored content type of HTML, which the service serves as plain text", async () => {
    await local.direct.put("page.html", "<p>", { contentType: "text/html; charset=utf-8" });
    expect((await local.provider.get("page.html")).info.contentType).toBe("text/html; charset=utf-8");
  });

  it("S7 F09 refuses a body that a proxy has compressed, for good", async () => {
    await local.direct.put("text.txt", "compressible ".repeat(1000));
    inject({ match: { path: BYTES }, fault: { kind: "encode", encoding: "gzip" } });
    await expect(local.provider.get("text.txt")).rejects.toMatchObject({
      code: "IncompleteBody",
      persistence: "permanent",
    });
  });

  it.each<[string, Record<string, string | null>, number | undefined]>([
    ["the whole object instead of a range", { "content-range": null }, 200],
    ["another range", { "content-range": "bytes 0-9/100" }, undefined],
    ["a range of a larger object", { "content-range": "bytes 10-19/101" }, undefined],
  ])("L12 refuses %s", async (_, headers, status) => {
    await local.direct.put("ranged.bin", someBytes(100));
    inject({
      match: { path: BYTES },
      fault: { kind: "rewrite", headers, ...(status === undefined ? {} : { status }) },
    });
    const get = local.provider.get("ranged.bin", { range: { offset: 10, length: 10 } });
    await expect(get).rejects.toMatchObject({ code: "IncompleteBody" });
  });

  it("D05 calls a range beyond the end InvalidRange also where the service fails on it, and another failure a failure", async () => {
    await local.direct.put("short.bin", someBytes(10));
    inject({ match: { path: BYTES }, times: 3, fault: { kind: "answer", status: 500 } });
    const beyond = local.provider.get("short.bin", { range: { offset: 10 } });
    await expect(beyond).rejects.toMatchObject({ code: "InvalidRange" });
    const within = local.provider.get("short.bin", { range: { offset: 9 } });
    await expect(within).rejects.toMatchObject({ code: "Unavailable", retryable: true });
  });

  it("D05 calls a range beyond the end InvalidRange also where the storage behind the service says so", async () => {
    await local.direct.put("short.bin", someBytes(10));
    const body = JSON.stringify({
      statusCode: "416",
      error: "The requested range is not satisfiable",
      message: "InvalidRange",
      code: "S3Error",
    });
    inject({ match: { path: BYTES }, times: 2, fault: { kind: "answer", status: 400, body } });
    const beyond = local.provider.get("short.bin", { range: { offset: 10 } });
    await expect(beyond).rejects.toMatchObject({ code: "InvalidRange" });
    const within = local.provider.get("short.bin", { range: { offset: 9 } });
    await expect(within).rejects.toMatchObject({ code: "Unavailable", retryable: true });
  });

  it("A26 opens an object again whose bytes were taken away by an overwrite, but not one that is broken", async () => {
    await local.direct.put("overwritten.txt", "old");
    inject({ match: { path: BYTES }, fault: { kind: "answer", status: 500 } });
    expect(await (await local.provider.get("overwritten.txt")).text()).toBe("old");
    local.proxy.faults.clear();
    local.server.loseBytes("media", "overwritten.txt");
    await expect(local.provider.get("overwritten.txt")).rejects.toMatchObject({ code: "Unavailable" });
    expect(seen(BYTES)).toHaveLength(2);
  });

  it("E06 says NotModified also when a cache on the way answers in full", async () => {
    const { etag } = await local.direct.put("cached.txt", "cached");
    inject({ match: { path: BYTES }, fault: { kind: "rewrite", status: 200 } });
    await expect(local.provider.get("cached.txt", { ifNoneMatch: etag })).rejects.toMatchObject({
      code: "NotModified",
    });
  });

  it("refuses an object that a gateway put in the place of another one", async () => {
    await local.direct.put("a/b.txt", "folded");
    const folded = await local.rawInfo("a/b.txt");
    inject({
      match: { path: INFO },
      times: Infinity,
      fault: { kind: "rewrite", status: 200, body: JSON.stringify(folded) },
    });
    await expect(local.provider.head("a//b.txt")).rejects.toMatchObject({ code: "InvalidConfig" });
  });

  it("S26 tells an object whose bytes are gone from one that is missing", async () => {
    const overS3 = await localSupabase({ backend: "s3" });
    try {
      await overS3.direct.put("hollow.txt", "hollow");
      overS3.server.loseBytes("media", "hollow.txt");
      await expect(overS3.provider.get("hollow.txt")).rejects.toMatchObject({
        code: "IncompleteBody",
        persistence: "permanent",
      });
      await expect(overS3.provider.get("missing.txt")).rejects.toMatchObject({ code: "NotFound" });
    } finally {
      await overS3.close();
    }
  });
});

describe("head", () => {
  it("gives the user metadata of other clients, names in lower case and values as text", async () => {
    const metadata = Buffer.from(JSON.stringify({ "Some-Key": "a", upper_Case: 5, nested: { deep: true } })).toString(
      "base64",
    );
    await local.raw("/object/media/theirs.txt", { method: "POST", body: "x", headers: { "x-metadata": metadata } });
    expect((await local.provider.head("theirs.txt")).metadata).toEqual({
      "some-key": "a",
      upper_case: "5",
      nested: '{"deep":true}',
    });
  });

  it("G05 asks whether the bucket is there at most once in a while", async () => {
    const provider = local.make();
    for (let attempt = 0; attempt < 5; attempt += 1) expect(await provider.exists(`missing-${attempt}`)).toBe(false);
    expect(seen("/storage/v1/bucket/")).toHaveLength(1);
  });
});
