import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareKeys } from "../../src/index.ts";
import { memory, memoryFetch, MemoryStore } from "../../src/memory/index.ts";

const keysOf = async (provider: ReturnType<typeof memory>, options = {}) =>
  (await Array.fromAsync(provider.list(options))).map((entry) => (entry.type === "object" ? entry.key : entry.prefix));

describe("memory", () => {
  test("H05 H11 H12 a listing is what a filter and a sort of all keys give, for any keys, prefix, delimiter and page size", async () => {
    const part = fc.constantFrom("a", "b", "/", "-", "--", "é", "🎉", "\uffff");
    const key = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 25 }),
        fc.option(key, { nil: "" }),
        fc.constantFrom("", "/", "-", "--"),
        fc.option(key, { nil: "" }),
        fc.integer({ min: 1, max: 5 }),
        async (keys, prefix, delimiter, startAfter, pageSize) => {
          const provider = memory({
            capabilities: { list: { ordered: true, delimiter: "any", startAfter: true, pageSize } },
          });
          for (const one of keys) await provider.put(one, "");
          const expected = new Set<string>();
          for (const one of keys.toSorted(compareKeys)) {
            if (!one.startsWith(prefix) || (startAfter !== "" && compareKeys(one, startAfter) <= 0)) continue;
            const end = delimiter === "" ? -1 : one.indexOf(delimiter, prefix.length);
            expected.add(end < 0 ? one : one.slice(0, end + delimiter.length));
          }
          expect(await keysOf(provider, { prefix, delimiter, startAfter })).toEqual([...expected]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("H08 a cursor of another listing is refused", async () => {
    const provider = memory();
    for (const key of ["a/1", "a/2", "b"]) await provider.put(key, "");
    const { cursor } = await provider.listPage({ prefix: "a/", limit: 1 });
    await expect(provider.listPage({ prefix: "a/", cursor })).resolves.toMatchObject({ entries: [{ key: "a/2" }] });
    for (const options of [
      { prefix: "b", cursor },
      { prefix: "a/", delimiter: "/", cursor },
      { cursor: "bm9uc2Vuc2U" },
      { cursor: "%" },
    ]) {
      await expect(provider.listPage(options)).rejects.toMatchObject({ code: "InvalidArgument" });
    }
  });

  test("L9 a hundred thousand keys are paged through while keys come and go, in far less than a sort per page would take", async () => {
    const store = new MemoryStore({ buckets: ["memory"] });
    const bucket = store.makeBucket("memory");
    const content = { bytes: new Uint8Array(), headers: {}, metadata: {}, checksums: {} };
    for (let index = 0; index < 100_000; index += 1) bucket.put(`key/${(index * 7919) % 100_000}`, content, false);
    const provider = memory({ store });
    // Work of this process: what the machine does besides is not counted.
    const before = process.cpuUsage();
    let seen = 0;
    for await (const entry of provider.list({ prefix: "key/" })) {
      seen += 1;
      if (entry.type === "object" && seen % 100 === 0) await provider.delete(entry.key);
    }
    expect(seen).toBe(100_000);
    // A hundred sorts of 100,000 keys take ten times as long on any machine.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
  });

  test("E13 old versions are read and deleted by their id, also after the object was deleted", async () => {
    const provider = memory();
    const first = await provider.put("a", "first");
    const second = await provider.put("a", "second");
    await provider.delete("a");
    await expect(provider.head("a")).rejects.toMatchObject({ code: "NotFound" });
    const textOf = async (version: string | undefined) => (await provider.get("a", { version })).text();
    expect([await textOf(first.version), await textOf(second.version)]).toEqual(["first", "second"]);
    await provider.delete("a", { version: first.version });
    await expect(textOf(first.version)).rejects.toMatchObject({ code: "NotFound" });
  });

  test("the newest version that is left becomes the object when the current one is deleted by its id", async () => {
    const provider = memory();
    await provider.put("a", "first");
    const { version } = await provider.put("a", "second");
    await provider.delete("a", { version });
    expect(await (await provider.get("a")).text()).toBe("first");
    expect(await keysOf(provider)).toEqual(["a"]);
  });

  test("without versions, memory holds only what a listing shows", async () => {
    const provider = memory({ versions: false });
    const { version } = await provider.put("a", "first");
    expect(version).toBeUndefined();
    await expect(provider.get("a", { version: "v" })).rejects.toMatchObject({ code: "Unsupported" });
  });

  test("what was put cannot be changed from outside, nor through what was read", async () => {
    const provider = memory();
    const bytes = Uint8Array.of(1, 2, 3);
    await provider.put("a", bytes);
    bytes[0] = 99;
    const read = await (await provider.get("a")).bytes();
    read[1] = 99;
    for await (const chunk of await provider.get("a")) chunk[2] = 99;
    expect(await (await provider.get("a")).bytes()).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("N05 G06 a bucket that is missing is made by ensureBucket, once, and not by a dry run", async () => {
    const provider = memory({ bucketExists: false });
    await expect(provider.put("a", "")).rejects.toMatchObject({ code: "BucketNotFound" });
    expect(await provider.check()).toMatchObject({ ok: false, findings: [{ id: "bucket", level: "error" }] });
    expect(await provider.ensureBucket({ dryRun: true })).toMatchObject({
      existed: false,
      steps: [expect.any(String)],
    });
    await expect(provider.put("a", "")).rejects.toMatchObject({ code: "BucketNotFound" });
    expect(await provider.ensureBucket()).toMatchObject({ existed: false });
    expect(await provider.ensureBucket()).toEqual({ existed: true, steps: [] });
    await provider.put("a", "");
  });
});

describe("memoryFetch", () => {
  function served(options = {}) {
    const store = new MemoryStore(options);
    return { store, provider: memory({ store }), fetch: memoryFetch(store) };
  }

  test("no part of a signed URL can be changed", async () => {
    const { provider, fetch } = served();
    await provider.put("a", "text");
    await provider.put("b", "other");
    const { url } = await provider.presign({
      method: "GET",
      key: "a",
      expiresInSeconds: 60,
      responseContentType: "text/csv",
    });
    expect((await fetch(url)).status).toBe(200);
    const changes: readonly ((text: string) => string)[] = [
      (text) => text.replace("/a?", "/b?"),
      (text) => text.replace("method=GET", "method=DELETE"),
      (text) => text.replace(/expires=(\d+)/, (_, seconds) => `expires=${Number(seconds) + 1}`),
      (text) => text.replace("csv", "html"),
      (text) => text.replace("&response-content-type=text%2Fcsv", ""),
      (text) => `${text}&maxSize=5`,
      (text) => text.replace(/token=.*/, "token="),
      (text) => text.replace(/token=./, "token=*"),
    ];
    for (const change of changes) {
      expect(change(url)).not.toBe(url);
      for (const method of ["GET", "DELETE"]) expect((await fetch(change(url), { method })).status).toBe(403);
    }
    expect(await provider.exists("a")).toBe(true);
  });

  test("another store's signature counts for nothing", async () => {
    const [one, other] = [served(), served()];
    await one.provider.put("a", "one");
    await other.provider.put("a", "other");
    const { url } = await one.provider.presign({ method: "GET", key: "a", expiresInSeconds: 60 });
    expect((await other.fetch(url)).status).toBe(403);
  });

  test("J10 a signature ends with its second", async () => {
    let now = new Date(1_000_000);
    const { provider, fetch } = served({ now: () => now });
    await provider.put("a", "text");
    const { url, expiresAt } = await provider.presign({ method: "GET", key: "a", expiresInSeconds: 60 });
    expect(provider.parseUrl(url)).toMatchObject({ kind: "signed", expiresAt });
    now = new Date(expiresAt.getTime() - 1);
    expect((await fetch(url)).status).toBe(200);
    now = expiresAt;
    expect((await fetch(url)).status).toBe(403);
  });

  test("public URLs answer strangers only where the bucket says so", async () => {
    const { store, provider, fetch } = served();
    await provider.put("a b/ü?.txt", "text", { contentType: "text/plain", cacheControl: "max-age=60" });
    expect((await fetch(provider.publicUrl("a b/ü?.txt"))).status).toBe(403);
    const open = memory({ store, publicRead: true });
    const answer = await fetch(open.publicUrl("a b/ü?.txt"));
    expect(await answer.text()).toBe("text");
    expect(answer.headers.get("cache-control")).toBe("max-age=60");
    expect((await fetch(open.publicUrl("a b/ü?.txt"), { method: "DELETE" })).status).toBe(403);
    expect((await fetch(open.publicUrl("missing"))).status).toBe(404);
    expect((await fetch(open.publicUrl("a b/ü?.txt"), { headers: { range: "bytes=9-" } })).status).toBe(416);
  });

  test("what is no URL of the store fails as an unknown host does", async () => {
    await expect(served().fetch("https://example.com/memory/a")).rejects.toBeInstanceOf(TypeError);
  });
});
