import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ListPage, StorageProvider } from "../../src/contract/provider.ts";
import { StorageError } from "../../src/errors/storage-error.ts";
import { providerFrom } from "../../src/kit/provider-from.ts";
import { fakeDriver, INFO, ServiceError } from "./fake-driver.ts";

const upload = { key: "k", uploadId: "u" };

const CALLS: Readonly<Record<string, (provider: StorageProvider, signal?: AbortSignal) => Promise<unknown>>> = {
  put: (p, signal) => p.put("k", "", { signal }),
  get: (p, signal) => p.get("k", { signal }),
  head: (p, signal) => p.head("k", { signal }),
  exists: (p, signal) => p.exists("k", { signal }),
  delete: (p, signal) => p.delete("k", { signal }),
  deleteMany: (p, signal) => Array.fromAsync(p.deleteMany(["k"], { signal })),
  copy: (p, signal) => p.copy("k", "l", { signal }),
  list: (p, signal) => Array.fromAsync(p.list({ signal })),
  presign: (p, signal) => p.presign({ method: "GET", key: "k", expiresInSeconds: 1, signal }),
  check: (p, signal) => p.check({ signal }),
  ensureBucket: (p, signal) => p.ensureBucket({ signal }),
  "multipart.create": (p, signal) => p.multipart.create("k", { signal }),
  "multipart.uploadPart": (p, signal) => p.multipart.uploadPart(upload, 1, "", { signal }),
  "multipart.listParts": (p, signal) => p.multipart.listParts(upload, { signal }),
  "multipart.complete": (p, signal) => p.multipart.complete(upload, [{ partNumber: 1, etag: "e" }], { signal }),
  "multipart.abort": (p, signal) => p.multipart.abort(upload, { signal }),
  "multipart.list": (p, signal) => Array.fromAsync(p.multipart.list({ signal })),
};

/** A driver of which every call fails so. */
function failingDriver(error: unknown) {
  const fail = async (): Promise<never> => {
    throw error;
  };
  return fakeDriver({
    put: fail,
    get: fail,
    head: fail,
    delete: fail,
    deleteBatch: fail,
    copy: fail,
    listPage: fail,
    presign: fail,
    check: fail,
    ensureBucket: fail,
    multipart: {
      create: fail,
      uploadPart: fail,
      listParts: fail,
      complete: fail,
      abort: fail,
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    },
  });
}

describe.each(Object.entries(CALLS))("%s", (operation, call) => {
  const key = ["deleteMany", "list", "check", "ensureBucket", "multipart.list"].includes(operation) ? undefined : "k";

  test("M01 M09 what the driver's table names has its code, status, request id, operation, key and cause", async () => {
    const error = new ServiceError({
      code: "RateLimited",
      message: "slow down",
      status: 503,
      requestId: "r-1",
      retryAfterMs: 1500,
      hint: "Send less.",
    });
    await expect(call(providerFrom(failingDriver(error)))).rejects.toMatchObject({
      name: "StorageError",
      code: "RateLimited",
      provider: "fake",
      operation,
      key,
      status: 503,
      requestId: "r-1",
      retryAfterMs: 1500,
      persistence: "temporary",
      hint: "Send less.",
      cause: error,
      message: expect.stringMatching(new RegExp(`^fake: ${operation}${key === undefined ? "" : ' "k"'}.*: slow down$`)),
    });
  });

  test("M08 what it does not know is Unknown, and its text, which may hold secrets, is not repeated", async () => {
    const error = new ServiceError();
    const failure = await call(providerFrom(failingDriver(error))).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(failure).toMatchObject({ code: "Unknown", operation, cause: error });
    expect(JSON.stringify(failure) + String(failure)).not.toContain("secret-token");
  });

  test("a StorageError of the driver's own keeps its code and gains what it lacks", async () => {
    const error = new StorageError("Conflict", "somebody else writes", { status: 409 });
    await expect(call(providerFrom(failingDriver(error)))).rejects.toMatchObject({
      code: "Conflict",
      status: 409,
      provider: "fake",
      operation,
      key,
      message: expect.stringContaining("somebody else writes"),
    });
  });

  test("L01 an aborted signal is Aborted, and the driver is not asked", async () => {
    const driver = failingDriver(new Error("asked"));
    const reason = new Error("the user left");
    await expect(call(providerFrom(driver), AbortSignal.abort(reason))).rejects.toMatchObject({
      code: "Aborted",
      operation,
      cause: reason,
    });
    expect(driver.calls).toEqual([]);
  });

  test("an abort during the call is Aborted, whatever the driver throws", async () => {
    const controller = new AbortController();
    const driver = failingDriver(new ServiceError({ code: "Unavailable", message: "the socket was closed" }));
    const running = call(providerFrom(driver), controller.signal);
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "Aborted", persistence: "permanent" });
  });

  test("N03 after close it is refused with InvalidArgument", async () => {
    const driver = failingDriver(new Error("asked"));
    const provider = providerFrom(driver);
    await provider.close();
    await provider.close();
    await expect(call(provider)).rejects.toMatchObject({ code: "InvalidArgument", operation });
    expect(driver.calls).toEqual([["close"]]);
  });
});

describe("exists", () => {
  const failing = (code: StorageError["code"]) =>
    providerFrom(failingDriver(new ServiceError({ code, message: "no" }))).exists("k");

  test("G02 is false only for NotFound", async () => {
    await expect(failing("NotFound")).resolves.toBe(false);
  });

  test.each(["BucketNotFound", "PermissionDenied", "Unavailable", "Unauthenticated", "Unknown"] as const)(
    "G03 G04 G06 throws %s",
    async (code) => {
      await expect(failing(code)).rejects.toMatchObject({ code, operation: "exists" });
    },
  );
});

describe("a copy that fails", () => {
  const failing = (code: StorageError["code"]) =>
    providerFrom(failingDriver(new ServiceError({ code, message: "no" }))).copy("from", "to");

  test("I04 names the source when it is missing, and the destination when it exists", async () => {
    await expect(failing("NotFound")).rejects.toMatchObject({ key: "from", message: 'fake: copy "from" to "to": no' });
    await expect(failing("AlreadyExists")).rejects.toMatchObject({ key: "to" });
  });
});

test("a key cannot forge a line of a log", async () => {
  await expect(providerFrom(failingDriver(new Error("x"))).head("a\nERROR forged")).rejects.toThrow(
    '"a\\nERROR forged"',
  );
});

test("parseUrl never throws, whatever its driver does and whatever it is given", () => {
  const provider = providerFrom(
    fakeDriver({
      parseUrl() {
        throw new URIError("malformed");
      },
    }),
  );
  expect(provider.parseUrl("https://x.invalid/%")).toBeUndefined();
  expect(provider.parseUrl(7 as unknown as string)).toBeUndefined();
});

describe("list", () => {
  const entry = (key: string) => ({ type: "object", ...INFO, key }) as const;
  const listing = (next: (cursor: string | undefined) => ListPage) =>
    fakeDriver({ listPage: async ({ cursor }) => next(cursor) });

  test("H14 an empty page with a cursor is not the end", async () => {
    const pages: Record<string, ListPage> = {
      start: { entries: [], cursor: "1" },
      "1": { entries: [], cursor: "2" },
      "2": { entries: [entry("a")] },
    };
    const driver = listing((cursor) => pages[cursor ?? "start"] ?? { entries: [] });
    expect(await Array.fromAsync(providerFrom(driver).list())).toHaveLength(1);
  });

  test("cursors that run in a circle of any length end in an error, after a bounded number of pages", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }), async (tail, circle) => {
        let page = 0;
        const driver = listing(() => {
          page += 1;
          const cursor = page <= tail ? page : tail + ((page - tail) % circle);
          return { entries: [], cursor: `c${cursor}` };
        });
        await expect(Array.fromAsync(providerFrom(driver).list())).rejects.toMatchObject({
          code: "Unknown",
          operation: "list",
        });
        expect(page).toBeLessThan(4 * (tail + circle) + 4);
      }),
    );
  });

  test("H19 leaving the loop stops the requests", async () => {
    const driver = listing(() => ({ entries: [entry("a")], cursor: String(Math.random()) }));
    for await (const _ of providerFrom(driver).list()) break;
    expect(driver.calls).toHaveLength(1);
  });
});

describe("deleteMany", () => {
  const batch = { deleteMany: { batch: 3 } };

  test("G10 every key has one outcome, in batches, from any kind of iterable", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z]{1,2}$/), { maxLength: 20 }),
        fc.boolean(),
        async (keys, async) => {
          const driver = fakeDriver({ capabilities: batch });
          const source = async
            ? (async function* () {
                yield* keys;
              })()
            : keys;
          const outcomes = await Array.fromAsync(providerFrom(driver).deleteMany(source));
          expect(outcomes.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
          for (const [, sent] of driver.calls) expect((sent as string[]).length).toBeLessThanOrEqual(3);
        },
      ),
    );
  });

  test("G11 a refused key is an outcome and does not stop the others", async () => {
    const driver = fakeDriver({ capabilities: batch });
    const outcomes = await Array.fromAsync(providerFrom(driver).deleteMany(["a", "", "b"]));
    expect(outcomes.map(({ key, error }) => [key, error?.code])).toEqual([
      ["", "InvalidKey"],
      ["a", undefined],
      ["b", undefined],
    ]);
  });

  test("a key that the answer does not mention failed, and nobody knows how far", async () => {
    const driver = fakeDriver({ deleteBatch: async ([first]) => [{ key: first ?? "" }] });
    const outcomes = await Array.fromAsync(providerFrom(driver).deleteMany(["a", "b"]));
    expect(outcomes[1]).toMatchObject({
      key: "b",
      error: { code: "Unknown", applied: "unknown", operation: "deleteMany" },
    });
  });

  test("an outcome's error is named like any other", async () => {
    const error = new StorageError("PermissionDenied", "locked");
    const driver = fakeDriver({ deleteBatch: async () => [{ key: "a", error }] });
    const [outcome] = await Array.fromAsync(providerFrom(driver).deleteMany(["a"]));
    expect(outcome?.error).toMatchObject({
      provider: "fake",
      operation: "deleteMany",
      key: "a",
      message: 'fake: deleteMany "a": locked',
    });
  });

  test("G13 an abort stops it after the outcomes so far, and closes the source of keys", async () => {
    const controller = new AbortController();
    let closed = false;
    const keys = async function* () {
      try {
        yield* ["a", "b", "c"];
        await new Promise(() => undefined);
      } finally {
        closed = true;
      }
    };
    const done: string[] = [];
    const deleting = async () => {
      const driver = fakeDriver({ capabilities: batch });
      for await (const { key } of providerFrom(driver).deleteMany(keys(), { signal: controller.signal })) {
        done.push(key);
        if (key === "b") setTimeout(() => controller.abort());
      }
    };
    await expect(deleting()).rejects.toMatchObject({ code: "Aborted" });
    expect(done).toEqual(["a", "b", "c"]);
    // The source hangs in its own `next`, so its end comes when it comes; nobody waits for it.
    expect(closed).toBe(false);
  });
});
