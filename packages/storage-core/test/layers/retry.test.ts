import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GetResult, StorageProvider } from "../../src/contract/provider.ts";
import { retry, type RetryEvent, type RetryOptions } from "../../src/layers/index.ts";
import { decide } from "../../src/layers/retry-policy.ts";
import { openObject } from "../../src/kit/open-object.ts";
import { memory } from "../../src/memory/index.ts";
import { breaking, failure, scripted } from "./scripted.ts";

/** A retry whose pauses take no time and are written down. */
function patient(options: RetryOptions = {}) {
  const pauses: number[] = [];
  const events: RetryEvent[] = [];
  const layer = retry({
    sleep: async (ms, signal) => {
      pauses.push(ms);
      signal?.throwIfAborted();
    },
    random: () => 0.5,
    onRetry: (event) => events.push(event),
    ...options,
  });
  return { layer, pauses, events };
}

const bytesOf = async (result: GetResult) => (await Array.fromAsync(result)).flatMap((chunk) => [...chunk]);

describe("retry", () => {
  test("L08 a call that fails twice for the time being succeeds in three attempts, with growing pauses", async () => {
    const { provider, calls, fail } = scripted();
    const { layer, pauses, events } = patient({ baseDelayMs: 100 });
    fail("put", failure("Unavailable"), failure("Timeout"));
    await layer(provider).put("a", "text");
    expect(calls).toEqual(["put", "put", "put"]);
    expect(pauses).toEqual([50, 100]);
    expect(events.map(({ operation, key, attempt }) => [operation, key, attempt])).toEqual([
      ["put", "a", 1],
      ["put", "a", 2],
    ]);
  });

  test("L08 a page of a listing is asked for again, not the listing", async () => {
    const { provider, calls, fail } = scripted({
      capabilities: { list: { ordered: true, delimiter: "any", startAfter: true, pageSize: 1 } },
    });
    for (const key of ["a", "b", "c"]) await provider.put(key, "");
    fail("list", undefined, failure("RateLimited"));
    const entries = await Array.fromAsync(patient().layer(provider).list());
    expect(entries).toHaveLength(3);
    expect(calls.filter((call) => call === "list")).toHaveLength(4);
  });

  test("L15 what is permanent is tried once", async () => {
    const { provider, calls } = scripted();
    await expect(patient().layer(provider).head("missing")).rejects.toMatchObject({
      code: "NotFound",
      persistence: "permanent",
    });
    expect(calls).toEqual(["head"]);
  });

  test("L1 an upload in parts whose id was lost is not begun twice; one that was refused is", async () => {
    const { provider, calls, fail } = scripted();
    fail("multipart.create", failure("Unavailable", { applied: "unknown" }));
    await expect(patient().layer(provider).multipart.create("a")).rejects.toMatchObject({
      code: "Unavailable",
      persistence: "exhausted",
      hint: expect.stringContaining("multipart.list"),
    });
    fail("multipart.create", failure("RateLimited"));
    await patient().layer(provider).multipart.create("a");
    expect(calls).toEqual(["multipart.create", "multipart.create", "multipart.create"]);
  });

  test("after the last attempt the error is exhausted, and no layer further out tries again", async () => {
    const { provider, calls, fail } = scripted();
    const error = failure("Unavailable", { status: 503 });
    fail("head", error, error, error, error, error);
    const inner = patient({ maxAttempts: 2 });
    const outer = patient({ maxAttempts: 3 });
    await expect(outer.layer(inner.layer(provider)).head("a")).rejects.toMatchObject({
      code: "Unavailable",
      persistence: "exhausted",
      status: 503,
    });
    expect(calls).toEqual(["head", "head"]);
    expect(outer.pauses).toEqual([]);
  });

  test("L09 a pause that the service asks for is kept, and one that is too long ends it at once", async () => {
    const { provider, fail } = scripted();
    const { layer, pauses } = patient({ maxRetryAfterMs: 5000 });
    fail("head", failure("RateLimited", { retryAfterMs: 3000 }));
    await expect(layer(provider).head("a")).rejects.toMatchObject({ code: "NotFound" });
    expect(pauses).toEqual([3000]);
    fail("head", failure("RateLimited", { retryAfterMs: 5001 }));
    await expect(layer(provider).head("a")).rejects.toMatchObject({
      code: "RateLimited",
      persistence: "exhausted",
      retryAfterMs: 5001,
      hint: expect.stringContaining("6 seconds"),
    });
    expect(pauses).toHaveLength(1);
  });

  test("L10 a stream that can be read once is not sent again, and the error says why", async () => {
    const { provider, calls, fail } = scripted();
    fail("put", failure("Unavailable"));
    const body = new Blob(["text"]).stream();
    await expect(patient().layer(provider).put("a", body)).rejects.toMatchObject({
      code: "Unavailable",
      persistence: "exhausted",
      hint: expect.stringContaining("read once"),
    });
    expect(calls).toEqual(["put"]);
  });

  test.each([
    ["a string", "text"],
    ["bytes", new TextEncoder().encode("text")],
    ["a Blob", new Blob(["text"])],
    ["a function", () => new Blob(["text"]).stream()],
  ])("L10 %s is sent again", async (_name, body) => {
    const { provider, fail } = scripted();
    fail("put", failure("Unavailable"));
    await patient().layer(provider).put("a", body);
    expect(await (await provider.get("a")).text()).toBe("text");
  });

  test("an abort ends a pause with Aborted", async () => {
    const { provider, fail } = scripted();
    fail("head", failure("Unavailable"));
    const controller = new AbortController();
    const layer = retry({ baseDelayMs: 60_000, random: () => 1, onRetry: () => controller.abort(new Error("enough")) });
    await expect(layer(provider).head("a", { signal: controller.signal })).rejects.toMatchObject({
      code: "Aborted",
      operation: "head",
      cause: expect.objectContaining({ message: "enough" }),
    });
  });

  test("L13 a create-only put whose first answer was lost says that it may have been itself", async () => {
    const { provider } = scripted();
    const lossy: StorageProvider = {
      ...provider,
      async put(key, body, options) {
        const existed = await provider.exists(key);
        const result = await provider.put(key, body, options);
        if (!existed) throw failure("Unavailable", { applied: "unknown" });
        return result;
      },
    };
    await expect(patient().layer(lossy).put("a", "text", { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "AlreadyExists",
      applied: "unknown",
      hint: expect.stringContaining("earlier attempt"),
    });
  });

  test("L13 a first attempt that was refused leaves no doubt", async () => {
    const { provider, fail } = scripted();
    await provider.put("a", "theirs");
    fail("put", failure("RateLimited"));
    await expect(patient().layer(provider).put("a", "ours", { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "AlreadyExists",
      applied: undefined,
    });
  });

  test("L14 a delete that failed and finds nothing at the second attempt has succeeded", async () => {
    const { provider, fail } = scripted();
    await provider.put("a", "text");
    const lossy: StorageProvider = {
      ...provider,
      async delete(key) {
        const existed = await provider.exists(key);
        await provider.delete(key);
        if (existed) throw failure("Unavailable", { status: 500 });
      },
    };
    fail("delete");
    await expect(patient().layer(lossy).delete("a")).resolves.toBeUndefined();
  });

  test("multipart.complete that finds its upload gone may have completed it", async () => {
    const { provider } = scripted({ minPartBytes: 1 });
    const upload = await provider.multipart.create("a");
    const part = await provider.multipart.uploadPart(upload, 1, "text");
    let first = true;
    const multipart: StorageProvider["multipart"] = {
      ...provider.multipart,
      async complete(...given) {
        const result = await provider.multipart.complete(...given);
        if (first) {
          first = false;
          throw failure("Unavailable");
        }
        return result;
      },
    };
    await expect(
      patient()
        .layer({ ...provider, multipart })
        .multipart.complete(upload, [part]),
    ).rejects.toMatchObject({
      code: "NotFound",
      applied: "unknown",
    });
  });
});

describe("retry of deleteMany", () => {
  test("sends again only the keys that failed for the time being, and keeps every outcome", async () => {
    const { provider } = scripted();
    const sent: string[][] = [];
    const troubled: StorageProvider = {
      ...provider,
      async *deleteMany(keys) {
        const batch = await Array.fromAsync(keys);
        sent.push(batch);
        for (const key of batch) {
          const code =
            key === "busy" && sent.length < 3 ? "Unavailable" : key === "locked" ? "PermissionDenied" : undefined;
          yield code === undefined ? { key } : { key, error: failure(code) };
        }
      },
    };
    const outcomes = await Array.fromAsync(patient().layer(troubled).deleteMany(["a", "busy", "locked"]));
    expect(sent).toEqual([["a", "busy", "locked"], ["busy"], ["busy"]]);
    expect(outcomes.map(({ key, error }) => [key, error?.code])).toEqual([
      ["a", undefined],
      ["locked", "PermissionDenied"],
      ["busy", undefined],
    ]);
  });

  test("gives up with an outcome for each key, exhausted", async () => {
    const { provider } = scripted();
    const troubled: StorageProvider = {
      ...provider,
      async *deleteMany(keys) {
        for await (const key of keys) yield key === "a" ? { key } : { key, error: failure("Unavailable") };
      },
    };
    const outcomes = await Array.fromAsync(patient({ maxAttempts: 2 }).layer(troubled).deleteMany(["a", "b"]));
    expect(outcomes.map(({ key, error }) => [key, error?.persistence])).toEqual([
      ["a", undefined],
      ["b", "exhausted"],
    ]);
  });

  test("a batch that fails as a whole is sent again", async () => {
    const { provider, calls, fail } = scripted();
    fail("deleteMany", failure("Unavailable"));
    expect(await Array.fromAsync(patient().layer(provider).deleteMany(["a", "b"]))).toEqual([
      { key: "a" },
      { key: "b" },
    ]);
    expect(calls).toEqual(["deleteMany", "deleteMany"]);
  });
});

describe("a body that breaks", () => {
  const WHOLE = Uint8Array.from({ length: 20 }, (_, index) => index);

  async function stored(): Promise<StorageProvider> {
    const provider = memory();
    await provider.put("a", WHOLE);
    return provider;
  }

  test("L11 S2 is taken up at the byte where it broke, pinned to the version, whatever the breaks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 6 }),
        fc.record({ offset: fc.nat(15), length: fc.integer({ min: 1, max: 20 }) }),
        async (cuts, range) => {
          const { provider, requests } = breaking(await stored(), cuts);
          const expected = [...WHOLE.subarray(range.offset, range.offset + range.length)];
          const result = await patient({ maxAttempts: 10 }).layer(provider).get("a", { range });
          expect(await bytesOf(result)).toEqual(expected);
          for (const request of requests.slice(1)) expect(request.ifMatch).toBe(result.info.etag);
        },
      ),
    );
  });

  test("L11 the request says from where, to the end of what was asked, and nothing of other conditions", async () => {
    const { provider, requests } = breaking(await stored(), [6]);
    await bytesOf(
      await patient()
        .layer(provider)
        .get("a", { range: { offset: 2, length: 10 }, ifModifiedSince: new Date(0) }),
    );
    expect(requests[1]).toMatchObject({ range: { offset: 8, length: 4 } });
    expect(requests[1]).not.toHaveProperty("ifModifiedSince");
  });

  test("progress begins a new count of attempts, and standing still does not", async () => {
    const { layer } = patient({ maxAttempts: 2 });
    const progressing = breaking(await stored(), [4, 4, 4, 4]);
    expect(await bytesOf(await layer(progressing.provider).get("a"))).toHaveLength(20);
    const standing = breaking(await stored(), [4, 0, 0]);
    await expect(layer(standing.provider).get("a").then(bytesOf)).rejects.toMatchObject({ persistence: "exhausted" });
    expect(standing.requests).toHaveLength(2);
  });

  test("read by bytes it is read anew as a whole", async () => {
    const { provider, requests } = breaking(await stored(), [4, 10]);
    const result = await patient().layer(provider).get("a");
    expect(await result.bytes()).toEqual(WHOLE);
    expect(requests).toHaveLength(3);
    expect(requests[2]).not.toHaveProperty("range");
  });

  test("S1 L11 an object that changed meanwhile fails with PreconditionFailed, and not a byte of the new one is given", async () => {
    for (const ifMatch of [true, false]) {
      const inner = memory({
        capabilities: {
          conditionalGet: { ifMatch, ifNoneMatch: true, ifModifiedSince: true, ifUnmodifiedSince: true },
        },
      });
      await inner.put("a", WHOLE);
      const { provider } = breaking(inner, [4]);
      const seen: number[] = [];
      const reading = async () => {
        for await (const chunk of await patient().layer(provider).get("a")) {
          seen.push(...chunk);
          if (seen.length === 2) await inner.put("a", new Uint8Array(20).fill(99));
        }
      };
      await expect(reading()).rejects.toMatchObject({ code: "PreconditionFailed", operation: "get", key: "a" });
      expect(seen).toEqual([0, 1, 2, 3]);
    }
  });

  test("L12 an answer with another range than asked ends it, instead of doubling bytes", async () => {
    const inner = await stored();
    const { provider } = breaking(inner, [4]);
    let first = true;
    const deaf: StorageProvider = {
      ...provider,
      async get(key, options) {
        // A service (or a proxy in between) that ignores Range and answers 200.
        const result = await provider.get(key, first ? options : {});
        first = false;
        return result;
      },
    };
    const seen: number[] = [];
    const reading = async () => {
      for await (const chunk of await patient().layer(deaf).get("a")) seen.push(...chunk);
    };
    await expect(reading()).rejects.toMatchObject({ code: "IncompleteBody", persistence: "exhausted" });
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test("a service without ranges cannot take it up, and the error says so", async () => {
    const inner = memory({ capabilities: { range: { bounded: false, suffix: false } } });
    await inner.put("a", WHOLE);
    const { provider } = breaking(inner, [4]);
    await expect(patient().layer(provider).get("a").then(bytesOf)).rejects.toMatchObject({
      persistence: "exhausted",
      hint: expect.stringContaining("no ranges"),
    });
  });

  test("a body that goes on beyond its end is not asked for again", async () => {
    const inner = await stored();
    let requests = 0;
    const long: StorageProvider = {
      ...inner,
      async get(key, options) {
        requests += 1;
        const { info, range, ...result } = await inner.get(key, options);
        const body = {
          async *[Symbol.asyncIterator]() {
            yield WHOLE;
            yield WHOLE;
          },
          cancel: async () => undefined,
        };
        void result;
        return openObject({ info, range, body }, { site: { provider: "memory", operation: "get", key } });
      },
    };
    await expect(patient().layer(long).get("a").then(bytesOf)).rejects.toMatchObject({ code: "IncompleteBody" });
    expect(requests).toBe(1);
  });

  test("a suffix is taken up by its absolute place", async () => {
    const { provider, requests } = breaking(await stored(), [2]);
    expect(
      await bytesOf(
        await patient()
          .layer(provider)
          .get("a", { range: { suffix: 6 } }),
      ),
    ).toEqual([14, 15, 16, 17, 18, 19]);
    expect(requests[1]).toMatchObject({ range: { offset: 16, length: 4 } });
  });
});

test("a pause is drawn evenly from zero to a bound that doubles up to its limit", () => {
  const limits = { maxAttempts: 100, baseDelayMs: 100, maxDelayMs: 1000, maxRetryAfterMs: 60_000 };
  const longest = [1, 2, 3, 4, 5, 6].map((attempt) => decide(failure("Timeout"), attempt, true, limits, () => 1));
  expect(longest.map((decision) => decision.kind === "retry" && decision.delayMs)).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ]);
  const shortest = decide(failure("Timeout"), 6, true, limits, () => 0);
  expect(shortest).toMatchObject({ kind: "retry", delayMs: 0 });
});
