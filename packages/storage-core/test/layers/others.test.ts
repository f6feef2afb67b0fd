import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StorageProvider } from "../../src/contract/provider.ts";
import {
  chaos,
  observe,
  prefix,
  readOnly,
  retry,
  withLayers,
  type ObservedCall,
  type Trouble,
} from "../../src/layers/index.ts";
import { memory, MemoryStore } from "../../src/memory/index.ts";
import { breaking, failure, scripted } from "./scripted.ts";

test("withLayers puts the first layer outermost", async () => {
  const order: string[] = [];
  const named =
    (name: string) =>
    (inner: StorageProvider): StorageProvider => ({
      ...inner,
      head: (key, options) => {
        order.push(name);
        return inner.head(key, options);
      },
    });
  await withLayers(memory(), [named("first"), named("second")])
    .head("a")
    .catch(() => undefined);
  expect(order).toEqual(["first", "second"]);
});

describe("observe", () => {
  function observed(inner: StorageProvider) {
    const calls: ObservedCall[] = [];
    let time = 0;
    const provider = observe({ onCall: (call) => calls.push(call), now: () => (time += 10) })(inner);
    return { calls, provider };
  }

  test("reports one event a request: operation, key, duration, outcome, bytes", async () => {
    const { calls, provider } = observed(memory());
    await provider.put("a", new Uint8Array(7));
    await provider.head("missing").catch(() => undefined);
    await Array.fromAsync(provider.list());
    await Array.fromAsync(provider.deleteMany(["x"]));
    expect(
      calls.map(({ operation, key, outcome, durationMs, sentBytes }) => [
        operation,
        key,
        outcome,
        durationMs,
        sentBytes,
      ]),
    ).toEqual([
      ["put", "a", "ok", 10, 7],
      ["head", "missing", "NotFound", 10, undefined],
      ["list", undefined, "ok", 10, undefined],
      ["deleteMany", undefined, "ok", 10, undefined],
    ]);
    expect(calls[1]?.error).toMatchObject({ code: "NotFound" });
  });

  test("reports a get when its body is over: read, broken, cancelled, aborted", async () => {
    const inner = memory();
    await inner.put("a", "0123456789");
    const { calls, provider } = observed(breaking(inner, [10, 4], failure("Unavailable")).provider);
    const whole = await provider.get("a");
    expect(calls).toEqual([]);
    await whole.bytes().catch(() => undefined);
    await Array.fromAsync(await provider.get("a")).catch(() => undefined);
    await (await provider.get("a")).cancel();
    await (await provider.get("a")).bytes();
    const controller = new AbortController();
    await provider.get("a", { signal: controller.signal });
    controller.abort();
    expect(calls.map(({ outcome, receivedBytes }) => [outcome, receivedBytes])).toEqual([
      ["Unavailable", 0],
      ["Unavailable", 4],
      ["ok", 0],
      ["ok", 10],
      ["Aborted", 0],
    ]);
  });

  test("a report that throws harms nobody", async () => {
    const provider = observe({
      onCall() {
        throw new Error("the log is full");
      },
    })(memory());
    await expect(provider.put("a", "")).resolves.toMatchObject({ key: "a" });
  });
});

describe("prefix", () => {
  test("leaves the key of a copy's source alone when its bucket is named, in the error as well", async () => {
    const inner = memory({ bucket: "b" });
    await inner.put("p/a", "beside");
    await inner.put("q/p/a", "within");
    const provider = prefix("q/")(inner);
    expect(await provider.copy("p/a", "c", { fromBucket: "b" })).toMatchObject({ key: "c", size: 6 });
    expect(Buffer.from(await (await inner.get("q/c")).bytes()).toString()).toBe("beside");
    await expect(provider.copy("q/none", "c", { fromBucket: "b" })).rejects.toMatchObject({
      code: "NotFound",
      key: "q/none",
    });
    expect(await provider.copy("p/a", "d")).toMatchObject({ key: "d" });
    expect(Buffer.from(await (await inner.get("q/d")).bytes()).toString()).toBe("within");
  });

  test("B19 no key reaches outside, whatever it holds, and every key comes back as it was given", async () => {
    const store = new MemoryStore();
    const inner = memory({ store });
    await inner.put("secret", "outside");
    await inner.put("a", "outside");
    const provider = prefix("tenant/")(inner);
    const key = fc.oneof(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
      fc.constantFrom("..", "../secret", "/secret", "./../secret", "%2e%2e/secret", "..\\secret", "a", "tenant/a", "/"),
    );
    await fc.assert(
      fc.asyncProperty(key, async (name) => {
        const { key: put } = await provider.put(name, "inside");
        expect(put).toBe(name);
        expect((await provider.head(name)).key).toBe(name);
        expect((await Array.fromAsync(provider.list())).map((entry) => entry.type === "object" && entry.key)).toEqual([
          name,
        ]);
        expect(await (await inner.get(`tenant/${name}`)).text()).toBe("inside");
        expect(await Array.fromAsync(provider.deleteMany([name]))).toEqual([{ key: name }]);
        expect(await (await inner.get("secret")).text()).toBe("outside");
        expect(await (await inner.get("a")).text()).toBe("outside");
      }),
    );
  });

  test("S17 a listing of img/ shows nothing of img2/", async () => {
    const inner = memory();
    for (const key of ["img/a", "img2/b", "img"]) await inner.put(key, "");
    expect(
      (await Array.fromAsync(prefix("img/")(inner).list())).map((entry) => entry.type === "object" && entry.key),
    ).toEqual(["a"]);
  });

  test("listings are relative in all their parts", async () => {
    const inner = memory({
      capabilities: { list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1 } },
    });
    for (const key of ["p/a", "p/b/1", "p/b/2", "p/c", "q"]) await inner.put(key, "");
    const provider = prefix("p/")(inner);
    const names = async (options: Parameters<StorageProvider["list"]>[0]) =>
      (await Array.fromAsync(provider.list(options))).map((entry) =>
        entry.type === "object" ? entry.key : entry.prefix,
      );
    expect(await names({ delimiter: "/" })).toEqual(["a", "b/", "c"]);
    expect(await names({ prefix: "b" })).toEqual(["b/1", "b/2"]);
    expect(await names({ startAfter: "b/1" })).toEqual(["b/2", "c"]);
  });

  test("J01 URLs are of the folder, and what lies outside is no URL of it", () => {
    const inner = memory();
    const provider = prefix("p/")(inner);
    const url = provider.publicUrl("a b?c");
    expect(url).toBe(inner.publicUrl("p/a b?c"));
    expect(provider.parseUrl(`${url}?v=1`)).toMatchObject({ key: "a b?c", query: "v=1" });
    expect(provider.parseUrl(inner.publicUrl("q/a"))).toBeUndefined();
    expect(provider.parseUrl(inner.publicUrl("p/"))).toBeUndefined();
    expect(provider.parseUrl(inner.publicUrl("p2/a"))).toBeUndefined();
    expect(provider.urlHosts).toEqual(inner.urlHosts);
  });

  test("errors name the relative key, also those of deleteMany and of a body", async () => {
    const inner = memory();
    await inner.put("p/a", "text");
    await expect(prefix("p/")(inner).head("b")).rejects.toMatchObject({ code: "NotFound", key: "b" });
    const refusing: StorageProvider = {
      ...inner,
      async *deleteMany(keys) {
        for await (const key of keys) yield { key, error: failure("PermissionDenied", { key }) };
      },
    };
    const [outcome] = await Array.fromAsync(prefix("p/")(refusing).deleteMany(["a"]));
    expect(outcome).toMatchObject({ key: "a", error: { key: "a", code: "PermissionDenied" } });
    const { provider } = breaking(inner, [2], failure("Unavailable", { key: "p/a" }));
    await expect(
      prefix("p/")(provider)
        .get("a")
        .then((result) => result.bytes()),
    ).rejects.toMatchObject({ code: "Unavailable", key: "a" });
  });

  test("B12 N12 keys may be as long as what the prefix leaves", async () => {
    const provider = prefix("é/")(memory());
    expect(provider.capabilities.keys.maxBytes).toBe(1021);
    await provider.put("a".repeat(1021), "");
    await expect(provider.put("a".repeat(1022), "")).rejects.toMatchObject({
      code: "InvalidKey",
      key: "a".repeat(1022),
    });
  });

  test("check writes its scratch object inside, and only when asked", async () => {
    const store = new MemoryStore();
    const written: (string | undefined)[] = [];
    const inner = memory({ store, onCall: ({ operation, key }) => void (operation === "put" && written.push(key)) });
    const provider = prefix("p/")(inner);
    expect(await provider.check()).toMatchObject({ ok: true });
    expect(written).toEqual([]);
    expect((await provider.check({ write: true })).findings.map(({ id }) => id)).toEqual([
      "bucket",
      "list",
      "read",
      "write",
      "read",
      "delete",
    ]);
    expect(written).toEqual([expect.stringMatching(/^p\//)]);
    expect(await Array.fromAsync(inner.list())).toEqual([]);
  });

  test.each(["", "/", "audio", "a/../b/", "./", "\ud800/", "a".repeat(1024) + "/"])("%j is no prefix", (path) => {
    expect(() => prefix(path)(memory())).toThrow(expect.objectContaining({ code: "InvalidConfig" }));
  });
});

describe("readOnly", () => {
  const upload = { key: "a", uploadId: "u" };
  const WRITES: Readonly<Record<string, (provider: StorageProvider) => Promise<unknown>>> = {
    put: (p) => p.put("b", ""),
    delete: (p) => p.delete("a"),
    deleteMany: (p) => Array.fromAsync(p.deleteMany(["a"])),
    copy: (p) => p.copy("a", "b"),
    ensureBucket: (p) => p.ensureBucket(),
    "presign PUT": (p) => p.presign({ method: "PUT", key: "a", expiresInSeconds: 1 }),
    "presign POST": (p) => p.presign({ method: "POST", key: "a", expiresInSeconds: 1 }),
    "presign DELETE": (p) => p.presign({ method: "DELETE", key: "a", expiresInSeconds: 1 }),
    "multipart.create": (p) => p.multipart.create("a"),
    "multipart.uploadPart": (p) => p.multipart.uploadPart(upload, 1, ""),
    "multipart.complete": (p) => p.multipart.complete(upload, [{ partNumber: 1, etag: "e" }]),
    "multipart.abort": (p) => p.multipart.abort(upload),
  };

  test.each(Object.entries(WRITES))(
    "N07 %s is refused with PermissionDenied, and makes no request",
    async (_name, write) => {
      const { provider, calls } = scripted();
      await expect(write(readOnly({ reason: "the bucket is being moved" })(provider))).rejects.toMatchObject({
        code: "PermissionDenied",
        message: expect.stringContaining("the bucket is being moved"),
      });
      expect(calls).toEqual([]);
    },
  );

  test("N07 reads pass", async () => {
    const inner = memory();
    await inner.put("a", "text");
    const provider = readOnly()(inner);
    expect(await (await provider.get("a")).text()).toBe("text");
    expect(await provider.exists("a")).toBe(true);
    expect(await Array.fromAsync(provider.list())).toHaveLength(1);
    await expect(provider.presign({ method: "GET", key: "a", expiresInSeconds: 1 })).resolves.toMatchObject({
      method: "GET",
    });
    await expect(provider.ensureBucket({ dryRun: true })).resolves.toMatchObject({ existed: true });
  });

  test("a check that is asked to write says that it did not", async () => {
    const { provider, calls } = scripted();
    const { findings } = await readOnly()(provider).check({ write: true });
    expect(findings.at(-1)).toMatchObject({ id: "write", level: "warning" });
    expect(calls).not.toContain("put");
  });

  test("its switch is read at each call", async () => {
    let locked = false;
    const provider = readOnly({ when: () => locked })(memory());
    await provider.put("a", "");
    locked = true;
    await expect(provider.put("a", "")).rejects.toMatchObject({ code: "PermissionDenied" });
  });
});

describe("chaos", () => {
  const always = { probability: 1 } as const;
  const over = (inner: StorageProvider, ...troubles: readonly Trouble[]) =>
    chaos({ seed: 7, troubles, sleep: async () => undefined })(inner);

  test("the same seed makes the same troubles", async () => {
    const run = async (seed: number) => {
      const provider = chaos({ seed, troubles: [{ kind: "error", code: "Unavailable", probability: 0.5 }] })(memory());
      const outcomes: boolean[] = [];
      for (let call = 0; call < 50; call += 1)
        outcomes.push(
          await provider.exists("a").then(
            () => true,
            () => false,
          ),
        );
      return outcomes;
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
    expect(first.filter(Boolean).length).toBeGreaterThan(10);
    expect(first.filter(Boolean).length).toBeLessThan(40);
  });

  test("an error comes before anything is done, a lost answer after", async () => {
    const { provider, calls } = scripted();
    await expect(
      over(provider, { kind: "error", code: "RateLimited", retryAfterMs: 5, ...always }).put("a", ""),
    ).rejects.toMatchObject({
      code: "RateLimited",
      retryAfterMs: 5,
      applied: false,
    });
    expect(calls).toEqual([]);
    await expect(over(provider, { kind: "lostAnswer", ...always }).put("a", "")).rejects.toMatchObject({
      code: "Unavailable",
      applied: "unknown",
    });
    expect(calls).toEqual(["put"]);
  });

  test("troubles keep to their operations", async () => {
    const provider = over(memory(), { kind: "error", code: "Unavailable", operations: ["head"], ...always });
    await provider.put("a", "");
    await expect(provider.head("a")).rejects.toMatchObject({ code: "Unavailable" });
  });

  test("a body that is cut fails in the middle, with the bytes before it right", async () => {
    const inner = memory();
    const whole = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
    await inner.put("a", whole);
    const seen: number[] = [];
    const read = async () => {
      for await (const chunk of await over(inner, { kind: "cutBody", ...always }).get("a")) seen.push(...chunk);
    };
    await expect(read()).rejects.toMatchObject({ code: "Unavailable", operation: "get", key: "a" });
    expect(seen.length).toBeLessThan(1000);
    expect(seen).toEqual([...whole.subarray(0, seen.length)]);
  });

  test("L1 S10 S12 an application over retry survives it: everything that is put can be read", async () => {
    const troubles: readonly Trouble[] = [
      { kind: "error", code: "Unavailable", probability: 0.2 },
      { kind: "lostAnswer", probability: 0.1 },
      { kind: "cutBody", probability: 0.3 },
    ];
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const provider = withLayers(memory(), [
          retry({ maxAttempts: 50, sleep: async () => undefined }),
          chaos({ seed, troubles }),
        ]);
        for (let index = 0; index < 10; index += 1) await provider.put(`k${index}`, `content of ${index}`);
        const keys = (await Array.fromAsync(provider.list())).map((entry) =>
          entry.type === "object" ? entry.key : "",
        );
        expect(keys).toHaveLength(10);
        for (const key of keys) expect(await (await provider.get(key)).text()).toBe(`content of ${key.slice(1)}`);
        for await (const { error } of provider.deleteMany(keys)) expect(error).toBeUndefined();
        expect(await Array.fromAsync(provider.list())).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
