import type { ByteRange, CopyOptions } from "@bucketferry/storage-core";
import { afterEach, describe, expect, it } from "vitest";
import { localSupabase, PIECE_BYTES, someBytes, type LocalSupabase } from "./local-supabase.ts";

/** Servers older and newer than the one that everything else here runs on. */
type CopyReplacement = NonNullable<CopyOptions["replace"]>;

let local: LocalSupabase;
afterEach(() => local.close());

describe("a server from before the flat listing", () => {
  it("is said to be too old for a listing, with the way round it; not that its bucket was missing", async () => {
    local = await localSupabase({ release: "1.11" });
    await local.provider.put("a.txt", "x");
    const refusal = {
      code: "Unsupported",
      retryable: false,
      hint: expect.stringContaining("/storage/v1/s3") as string,
    };
    await expect(local.provider.listPage()).rejects.toMatchObject(refusal);
    const { findings } = await local.provider.check();
    expect(findings.find(({ id }) => id === "list")).toMatchObject({ level: "error" });
    expect(findings.find(({ id }) => id === "bucket")).toMatchObject({ level: "ok" });
  });

  it("is read and written like any other, with the time of the last write", async () => {
    local = await localSupabase({ release: "1.11" });
    await local.provider.put("a.txt", "old");
    const created = (await local.rawInfo("a.txt"))["created_at"] as string;
    await expect.poll(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(Math.floor(Date.parse(created) / 1000));
    await local.provider.put("a.txt", "new", { metadata: { by: "me" } });
    const { info } = await local.provider.get("a.txt");
    expect(info.metadata).toEqual({ by: "me" });
    expect(info.lastModified.getTime()).toBeGreaterThan(Math.floor(Date.parse(created) / 1000) * 1000);
    expect(await local.provider.copy("a.txt", "b.txt")).toMatchObject({ size: 3, etag: info.etag });
    await local.provider.delete("a.txt");
    expect(await local.provider.exists("a.txt")).toBe(false);
  });
});

describe("a server from before a copy could replace anything", () => {
  it.each<[string, CopyReplacement]>([
    ["headers", { contentType: "text/css" }],
    ["metadata", { contentType: "text/plain", metadata: { by: "you" } }],
  ])("has it said that %s were kept, of a copy onto itself as of another", async (_, replace) => {
    local = await localSupabase({ release: "1.11" });
    await local.provider.put("a.txt", "x", { contentType: "text/plain", metadata: { by: "me" } });
    for (const to of ["a.txt", "b.txt"]) {
      const copy = local.provider.copy("a.txt", to, { replace });
      await expect(copy).rejects.toMatchObject({ code: "Unsupported", applied: true });
    }
    expect((await local.provider.head("a.txt")).metadata).toEqual({ by: "me" });
  });
});

describe("a server that loses the codes of its errors", () => {
  it("has missing objects, missing buckets, refused tokens and limits told apart all the same", async () => {
    local = await localSupabase({ release: "1.25", backend: "s3" });
    await local.raw("/bucket", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "strict", file_size_limit: 3, allowed_mime_types: ["text/plain"] }),
    });
    const expired = { key: local.server.signUserToken("x", { role: "service_role", exp: 1 }) };
    const strict = local.make({ bucket: "strict" });
    const failing: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => local.provider.get("missing"), "NotFound"],
      [() => local.provider.copy("missing", "b"), "NotFound"],
      [() => local.provider.presign({ method: "GET", key: "missing", expiresInSeconds: 9 }), "NotFound"],
      [() => local.make({ bucket: "no-such" }).get("missing"), "BucketNotFound"],
      [() => local.make({ bucket: "no-such" }).put("a", "x"), "BucketNotFound"],
      [() => local.make(expired).get("missing"), "Unauthenticated"],
      [() => local.make({ key: local.server.anonKey }).put("a", "x"), "PermissionDenied"],
      [() => local.make({ unicodeKeys: true }).put("ä", "x"), "InvalidKey"],
      [() => strict.put("a", "long", { contentType: "text/plain" }), "TooLarge"],
      [() => strict.put("a", "x", { contentType: "image/png" }), "InvalidArgument"],
    ];
    for (const [call, code] of failing) await expect(call()).rejects.toMatchObject({ code });
    expect(await local.provider.exists("missing")).toBe(false);
    expect(await strict.ensureBucket()).toEqual({ existed: true, steps: [] });
  });

  it("G11 is found out when it calls missing what a policy does not let a key delete", async () => {
    local = await localSupabase({
      release: "1.25",
      policies: { authenticated: ({ command }) => command === "select" },
    });
    await local.provider.put("kept.txt", "x");
    const reader = local.make({ key: local.server.signUserToken("reader") });
    await expect(reader.delete("kept.txt")).rejects.toMatchObject({ code: "PermissionDenied" });
    await expect(reader.delete("missing.txt")).resolves.toBeUndefined();
    const outcomes = new Map<string, string | undefined>();
    for await (const { key, error } of reader.deleteMany(["kept.txt", "missing.txt"])) outcomes.set(key, error?.code);
    expect(Object.fromEntries(outcomes)).toEqual({ "kept.txt": "PermissionDenied", "missing.txt": undefined });
  });

  it("has metadata replaced by a copy, although its answer does not show it", async () => {
    local = await localSupabase({ release: "1.25" });
    await local.provider.put("a.txt", "x", { metadata: { by: "me" } });
    await local.provider.copy("a.txt", "a.txt", { replace: { metadata: { by: "you" } } });
    expect((await local.provider.head("a.txt")).metadata).toEqual({ by: "you" });
  });
});

describe("a server over files that does not hold ranges against the size of the object", () => {
  it.each<[ByteRange, string]>([
    [{ offset: 2, length: 3 }, "234"],
    [{ offset: 7 }, "789"],
    [{ offset: 7, length: 3 }, "789"],
    [{ offset: 7, length: 100 }, "789"],
    [{ offset: 0, length: 100 }, "0123456789"],
    [{ suffix: 2 }, "89"],
    [{ suffix: 100 }, "0123456789"],
  ])("gives %j as any other", async (range, text) => {
    local = await localSupabase({ release: "1.25" });
    await local.direct.put("digits.txt", "0123456789");
    const opened = await local.provider.get("digits.txt", { range });
    expect(await opened.text()).toBe(text);
    expect(opened.range).toEqual({ offset: "0123456789".indexOf(text), length: text.length });
  });

  it.each<[ByteRange]>([[{ offset: 10 }], [{ offset: 10, length: 5 }], [{ offset: 99 }]])(
    "has %j beyond the end called InvalidRange",
    async (range) => {
      local = await localSupabase({ release: "1.25" });
      await local.direct.put("digits.txt", "0123456789");
      await expect(local.provider.get("digits.txt", { range })).rejects.toMatchObject({ code: "InvalidRange" });
    },
  );
});

describe("a server that marks versions in the ids of resumable uploads", () => {
  it("has a large body known as stored when the answer to its last piece is lost", async () => {
    local = await localSupabase({ versionMark: true });
    const bytes = someBytes(2 * PIECE_BYTES);
    const headers = { "content-type": "text/plain" };
    const path = "/upload/resumable/";
    local.proxy.faults.inject({
      match: { method: "PATCH", path },
      times: 1,
      after: 1,
      fault: { kind: "reset", when: "afterRequest" },
    });
    local.proxy.faults.inject({
      match: { method: "HEAD", path },
      times: 1,
      fault: { kind: "answer", status: 404, headers, body: "The file for this url was not found\n" },
    });
    const { version } = await local.provider.put("a/b.bin", bytes);
    expect(version).toBe((await local.direct.head("a/b.bin")).version);
  });
});

describe("a project with keys that are no tokens", () => {
  it("takes the secret key for the service key, and the publishable key for that of nobody", async () => {
    local = await localSupabase();
    const provider = local.make({ key: local.server.secretKey });
    await provider.put("a.txt", "x");
    expect((await provider.check()).findings.find(({ id }) => id === "key")).toMatchObject({ level: "ok" });
    const nobody = local.make({ key: local.server.publishableKey });
    await expect(nobody.put("b.txt", "x")).rejects.toMatchObject({ code: "PermissionDenied" });
    const unknown = local.make({ key: `${local.server.secretKey}x` });
    await expect(unknown.head("a.txt")).rejects.toMatchObject({ code: "Unauthenticated" });
  });
});

describe("a server that keeps content encodings", () => {
  it("S22 has them read with the object, whose bytes are left as they are stored", async () => {
    local = await localSupabase({ release: "1.80" });
    const packed = Buffer.from("1f8b0800000000000003", "hex");
    await local.raw("/object/media/page.svgz", {
      method: "POST",
      headers: { "content-type": "image/svg+xml", "content-encoding": "gzip" },
      body: packed,
    });
    const whole = await local.provider.get("page.svgz");
    expect(whole.info).toMatchObject({ contentEncoding: "gzip", contentType: "image/svg+xml", size: packed.length });
    expect(Buffer.from(await whole.bytes())).toEqual(packed);
    const part = await local.provider.get("page.svgz", { range: { offset: 2, length: 3 } });
    expect(part.info.contentEncoding).toBe("gzip");
    expect(Buffer.from(await part.bytes())).toEqual(packed.subarray(2, 5));
  });
});

describe("a server that takes keys of all scripts", () => {
  const keys = ["größe/ä b.txt", "文件.txt", "😀", "größe"];

  it("has them written, listed, read, copied, signed and removed, once it is said to", async () => {
    local = await localSupabase({ unicodeKeys: true });
    const provider = local.make({ unicodeKeys: true, url: local.proxy.url });
    const large = new Uint8Array(PIECE_BYTES + 1);
    for (const key of keys) expect(await provider.put(key, key === keys[1] ? large : key)).toMatchObject({ key });
    const listed = [];
    for await (const entry of provider.list()) if (entry.type === "object") listed.push(entry.key);
    expect(listed.toSorted()).toEqual(keys.toSorted());
    const groups = await provider.listPage({ delimiter: "/" });
    expect(groups.entries).toContainEqual({ type: "prefix", prefix: "größe/" });
    expect(await (await provider.get("größe/ä b.txt")).text()).toBe("größe/ä b.txt");
    expect(await provider.copy("größe", "größer")).toMatchObject({ key: "größer" });
    const { url } = await provider.presign({ method: "GET", key: "größe", expiresInSeconds: 60 });
    expect(await (await fetch(url)).text()).toBe("größe");
    expect(provider.parseUrl(provider.publicUrl("文件.txt"))?.key).toBe("文件.txt");
    for await (const { error } of provider.deleteMany([...keys, "größer"])) expect(error).toBeUndefined();
    expect((await provider.listPage()).entries).toEqual([]);
  });

  it("is sent no decomposed key, which it would store under another one", async () => {
    local = await localSupabase({ unicodeKeys: true });
    const provider = local.make({ unicodeKeys: true, url: local.proxy.url });
    await provider.put("caf\u00e9", "composed");
    local.proxy.faults.clear();
    await expect(provider.put("cafe\u0301", "decomposed")).rejects.toMatchObject({ code: "InvalidKey" });
    expect(local.proxy.faults.seen()).toHaveLength(0);
    expect(await (await provider.get("caf\u00e9")).text()).toBe("composed");
  });

  it("is asked for none of them unless it is said to; one that takes none says so itself", async () => {
    local = await localSupabase();
    await expect(local.provider.put("ä.txt", "x")).rejects.toMatchObject({ code: "InvalidKey" });
    expect(local.proxy.faults.seen()).toHaveLength(0);
    const hopeful = local.make({ unicodeKeys: true });
    await expect(hopeful.put("ä.txt", "x")).rejects.toMatchObject({ code: "InvalidKey", status: 400 });
    await expect(hopeful.put("a#b", "x")).rejects.toMatchObject({ code: "InvalidKey", status: undefined });
  });
});

describe("a project with a limit of its own for removals", () => {
  it("has many keys removed in as many requests as that takes", async () => {
    local = await localSupabase({ removalLimit: 2 });
    const keys = ["a", "b", "c", "d", "e"];
    for (const key of keys) await local.direct.put(key, "x");
    const outcomes = [];
    for await (const outcome of local.provider.deleteMany([...keys, "missing"])) outcomes.push(outcome);
    expect(outcomes.map(({ key }) => key).toSorted()).toEqual([...keys, "missing"]);
    expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
    expect((await local.direct.listPage()).entries).toEqual([]);
  });
});
