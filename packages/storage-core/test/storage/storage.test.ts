import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { copyBetween, listAll, storage, StorageError, type StorageProvider } from "../../src/index.ts";
import { retry } from "../../src/layers/index.ts";
import { memory, memoryFetch, MemoryStore } from "../../src/memory/index.ts";
import { breaking, failure, scripted } from "../layers/scripted.ts";

describe("storage", () => {
  test("what is uploaded can be downloaded, as bytes, text and JSON", async () => {
    const files = storage(memory());
    await files.upload("a.txt", "text", { contentType: "text/plain" });
    expect(await files.text("a.txt")).toBe("text");
    expect(await files.bytes("a.txt", { range: { suffix: 2 } })).toEqual(new TextEncoder().encode("xt"));
    await files.uploadJson("a.json", { list: [1, "ä"] });
    expect(await files.json("a.json")).toEqual({ list: [1, "ä"] });
    expect(await files.info("a.json")).toMatchObject({ contentType: "application/json" });
    await expect(files.uploadJson("b.json", undefined)).rejects.toMatchObject({
      code: "InvalidArgument",
      key: "b.json",
    });
  });

  test("a Blob's own type is the content type, unless one is given", async () => {
    const files = storage(memory());
    const blob = new Blob(["x"], { type: "image/png" });
    await files.upload("a", blob);
    await files.upload("b", blob, { contentType: "image/x-png" });
    expect([(await files.info("a")).contentType, (await files.info("b")).contentType]).toEqual([
      "image/png",
      "image/x-png",
    ]);
  });

  test("what is too large for memory is refused before its body is read", async () => {
    const files = storage(memory());
    await files.upload("a", "0123456789");
    await expect(files.text("a", { maxBytes: 9 })).rejects.toMatchObject({ code: "TooLarge", key: "a" });
    await expect(files.text("a", { maxBytes: 10 })).resolves.toHaveLength(10);
    await expect(files.text("a", { maxBytes: 4, range: { offset: 0, length: 4 } })).resolves.toBe("0123");
  });

  test("hash reads the bytes, whatever the service says of them, and takes another implementation", async () => {
    const files = storage(memory());
    const bytes = new Uint8Array(200_000).map((_, index) => index % 256);
    await files.upload("a", bytes);
    const expected = createHash("sha256").update(bytes).digest("base64");
    expect(await files.hash("a")).toMatchObject({
      sha256: expected,
      bytes: 200_000,
      info: { checksums: { sha256: expected } },
    });
    const hasher = () => {
      const hash = createHash("sha256");
      return { update: (chunk: Uint8Array) => void hash.update(chunk), digest: () => new Uint8Array(hash.digest()) };
    };
    expect(await files.hash("a", { hasher })).toMatchObject({ sha256: expected });
  });

  test("deletePrefix deletes what begins so and nothing else, and never the whole bucket", async () => {
    const provider = memory();
    for (let index = 0; index < 25; index += 1) await provider.put(`img/${index}`, "");
    await provider.put("img2/a", "");
    const files = storage(provider);
    expect(await files.deletePrefix("img/")).toEqual({ deleted: 25, failed: 0, failures: [] });
    expect(await Array.fromAsync(files.list())).toMatchObject([{ key: "img2/a" }]);
    await expect(files.deletePrefix("")).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  test("deletePrefix counts failures and shows the first hundred", async () => {
    const inner = memory();
    for (let index = 0; index < 150; index += 1) await inner.put(`k${index}`, "");
    const provider: StorageProvider = {
      ...inner,
      async *deleteMany(keys) {
        for await (const key of keys) yield { key, error: failure("PermissionDenied") };
      },
    };
    const result = await storage(provider).deletePrefix("k");
    expect([result.deleted, result.failed, result.failures.length]).toEqual([0, 150, 100]);
  });

  test("signedUrl fetches, under the file name that was asked for", async () => {
    const store = new MemoryStore();
    const files = storage(memory({ store }));
    await files.upload("a", "text");
    const answer = await memoryFetch(store)(
      await files.signedUrl("a", { expiresInSeconds: 60, downloadAs: 'a "ä" (1).txt' }),
    );
    expect(await answer.text()).toBe("text");
    expect(answer.headers.get("content-disposition")).toBe(
      `attachment; filename="a ___ (1).txt"; filename*=UTF-8''a%20%22%C3%A4%22%20%281%29.txt`,
    );
  });
});

describe("move", () => {
  test("I12 the destination has the content and the description, the source is gone", async () => {
    const provider = memory();
    await provider.put("a", "text", { contentType: "text/plain", metadata: { x: "1" } });
    await storage(provider).move("a", "b");
    expect(await provider.exists("a")).toBe(false);
    expect(await provider.head("b")).toMatchObject({ contentType: "text/plain", metadata: { x: "1" }, size: 4 });
  });

  test("I13 onto itself nothing happens, and a missing object is NotFound", async () => {
    const { provider, calls } = scripted();
    await provider.put("a", "text");
    await storage(provider).move("a", "a");
    expect(await (await provider.get("a")).text()).toBe("text");
    expect(calls).not.toContain("delete");
    await expect(storage(provider).move("missing", "missing")).rejects.toMatchObject({ code: "NotFound" });
  });

  test("I12 a delete that fails leaves both, and the error says so", async () => {
    const { provider, fail } = scripted();
    await provider.put("a", "text");
    const cause = failure("PermissionDenied");
    fail("delete", cause);
    await expect(storage(provider).move("a", "b")).rejects.toMatchObject({
      code: "PermissionDenied",
      applied: true,
      message: expect.stringContaining("both are there"),
    });
    expect([await provider.exists("a"), await provider.exists("b")]).toEqual([true, true]);
  });

  test("I12 a copy that is not the original is found out, and the original kept", async () => {
    const inner = memory();
    await inner.put("a", "text");
    const provider: StorageProvider = { ...inner, copy: (_from, to) => inner.put(to, "tex?") };
    await expect(storage(provider).move("a", "b")).rejects.toMatchObject({
      code: "ChecksumMismatch",
      message: expect.stringContaining("another sha256"),
    });
    expect(await inner.exists("a")).toBe(true);
  });

  test("W3 a source that was overwritten meanwhile is not deleted", async () => {
    const inner = memory();
    await inner.put("a", "old");
    const provider: StorageProvider = {
      ...inner,
      async copy(...given) {
        const result = await inner.copy(...given);
        await inner.put("a", "new");
        return result;
      },
    };
    // Memory deletes on a condition; whoever wrote the new object keeps it.
    await expect(storage(provider).move("a", "b")).rejects.toMatchObject({ code: "PreconditionFailed" });
    expect(await (await inner.get("a")).text()).toBe("new");
  });

  test("a service that does not copy is moved through here", async () => {
    const provider = memory({ capabilities: { serverSideCopy: { maxBytes: 0, crossBucket: false } } });
    await provider.put("a", "text", { contentType: "text/plain" });
    await storage(provider).move("a", "b", { ifNoneMatch: "*" });
    expect(await provider.head("b")).toMatchObject({ contentType: "text/plain", size: 4 });
    expect(await provider.exists("a")).toBe(false);
  });
});

describe("copyBetween", () => {
  const DESCRIBED = {
    contentType: "text/plain",
    cacheControl: "no-store",
    contentLanguage: "de",
    metadata: { x: "1" },
  };

  test.each([0, 5, 300_000, 2_000_000])("carries %i bytes with their description, in two requests", async (size) => {
    const [source, target] = [scripted(), scripted()];
    const bytes = new Uint8Array(size).map((_, index) => index % 256);
    await source.provider.put("a", bytes, DESCRIBED);
    const result = await copyBetween(source.provider, target.provider, "a", { to: "b" });
    expect(result).toMatchObject({ source: { key: "a" }, target: { key: "b", size }, notCarried: [] });
    expect([source.calls, target.calls]).toEqual([["put", "get"], ["put"]]);
    const copied = await target.provider.get("b");
    expect(copied.info).toMatchObject(DESCRIBED);
    expect(await copied.bytes()).toEqual(bytes);
  });

  test("says what the target does not store", async () => {
    const source = memory();
    await source.put("a", "text", DESCRIBED);
    const { systemHeaders, metadata } = source.capabilities;
    const target = memory({
      capabilities: {
        systemHeaders: { ...systemHeaders, contentLanguage: false },
        metadata: { ...metadata, maxBytes: 0 },
      },
    });
    const { notCarried } = await copyBetween(source, target, "a");
    expect(notCarried).toEqual(["contentLanguage", "metadata"]);
  });

  test("L10 a target's retry opens the source again, at the same version", async () => {
    const source = scripted();
    const target = scripted();
    await source.provider.put("a", new Uint8Array(300_000).fill(7));
    target.fail("put", failure("Unavailable"), failure("Unavailable"));
    const retrying = retry({ sleep: async () => undefined })(target.provider);
    await copyBetween(source.provider, retrying, "a");
    expect((await target.provider.head("a")).size).toBe(300_000);
  });

  test.each([
    ["pins reads by ETag", true],
    ["cannot pin reads", false],
  ])(
    "S1 a source that %s and changed between two attempts fails instead of mixing versions",
    async (_name, ifMatch) => {
      const gets: (string | undefined)[] = [];
      const inside = memory({
        capabilities: {
          conditionalGet: { ifMatch, ifNoneMatch: true, ifModifiedSince: true, ifUnmodifiedSince: true },
        },
      });
      const source: StorageProvider = {
        ...inside,
        get: (key, options) => {
          gets.push(options?.ifMatch);
          return inside.get(key, options);
        },
      };
      await source.put("a", new Uint8Array(300_000).fill(1));
      const inner = memory();
      let attempts = 0;
      const target: StorageProvider = {
        ...inner,
        async put(key, body, options) {
          attempts += 1;
          if (attempts > 1) return inner.put(key, body, options);
          const open = body as () => Promise<AsyncIterable<Uint8Array>>;
          for await (const _ of await open()) break;
          await source.put("a", new Uint8Array(300_000).fill(2));
          throw failure("Unavailable");
        },
      };
      const copy = copyBetween(source, retry({ sleep: async () => undefined })(target), "a");
      await expect(copy).rejects.toMatchObject({ code: "IncompleteBody", cause: { code: "PreconditionFailed" } });
      expect(await inner.exists("a")).toBe(false);
      // Where it can, the service itself refuses another version; its bytes never travel.
      expect(gets.map((etag) => etag !== undefined)).toEqual([false, ifMatch]);
    },
  );

  test("S10 a source that breaks stores nothing", async () => {
    const inner = memory();
    await inner.put("a", new Uint8Array(300_000));
    const target = memory();
    await expect(copyBetween(breaking(inner, [1000]).provider, target, "a")).rejects.toBeInstanceOf(StorageError);
    expect(await target.exists("a")).toBe(false);
  });

  test("passes conditions of the target on", async () => {
    const [source, target] = [memory(), memory()];
    await source.put("a", "new");
    await target.put("a", "old");
    await expect(copyBetween(source, target, "a", { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "AlreadyExists",
    });
    expect(await (await target.get("a")).text()).toBe("old");
  });
});

describe("listAll", () => {
  async function filled(count: number, pageSize: number) {
    const made = scripted({ capabilities: { list: { ordered: true, delimiter: "any", startAfter: true, pageSize } } });
    for (let index = 0; index < count; index += 1) await made.provider.put(`k${String(index).padStart(3, "0")}`, "");
    return made;
  }

  test("H04 lists every object once, in order, over any number of pages", async () => {
    for (const pageSize of [1, 3, 10, 11]) {
      const { provider } = await filled(10, pageSize);
      const keys = (await Array.fromAsync(listAll(provider))).map(({ key }) => key);
      expect(keys).toEqual(Array.from({ length: 10 }, (_, index) => `k00${index}`));
    }
  });

  test("asks for one page ahead and no further", async () => {
    const { provider, calls } = await filled(10, 2);
    const pages: number[] = [];
    for await (const { key } of listAll(provider)) {
      pages.push(calls.filter((call) => call === "list").length);
      if (key === "k003") break;
    }
    expect(pages).toEqual([2, 2, 3, 3]);
  });

  test("a page that fails while it is fetched ahead fails the listing when its turn comes", async () => {
    const { provider, fail } = await filled(4, 2);
    fail("list", undefined, failure("Unavailable"));
    const seen: string[] = [];
    const walk = async () => {
      for await (const { key } of listAll(provider)) seen.push(key);
    };
    await expect(walk()).rejects.toMatchObject({ code: "Unavailable" });
    expect(seen).toEqual(["k000", "k001"]);
  });
});
