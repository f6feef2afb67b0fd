import { afterEach, describe, expect, test } from "vitest";
import type { CaseContext, RunRecord } from "../../src/conformance/case.ts";
import { HYGIENE_CASES } from "../../src/conformance/cases/x-hygiene.ts";
import { runSuite } from "../../src/conformance/run-suite.ts";
import type {
  DeleteOutcome,
  ListEntry,
  ListPage,
  ListPageOptions,
  MultipartOperations,
  StorageProvider,
} from "../../src/contract/provider.ts";
import type { StorageErrorCode } from "../../src/errors/error-codes.ts";
import { isStorageError, StorageError } from "../../src/errors/storage-error.ts";
import { memoryHarness } from "./memory-harness.ts";
import { failedCases, type Mutant } from "./mutant.ts";

/** Providers that break promises of sections G to N and X. Those of A to F are in `mutants.test.ts`. */
const MUTANTS: readonly Mutant[] = [
  {
    title: "exists takes every failure for a missing key",
    breaks: (inner) => ({ ...inner, exists: (...args) => inner.exists(...args).catch(() => false) }),
    caughtBy: ["G03", "G04", "G05", "G06"],
  },
  {
    title: "a missing bucket is called a missing key",
    breaks: (inner) => ({
      ...inner,
      head: (key, options) =>
        inner.head(key, options).catch((error: unknown) => {
          throw isStorageError(error, "BucketNotFound") ? renamed(error, "NotFound") : error;
        }),
    }),
    caughtBy: ["G06"],
  },
  {
    title: "delete of a missing key fails",
    breaks: (inner) => ({
      ...inner,
      delete: async (key, options) => {
        await inner.head(key, options);
        await inner.delete(key, options);
      },
    }),
    caughtBy: ["G08"],
  },
  {
    title: "delete takes away everything below the key",
    breaks: (inner) => ({
      ...inner,
      delete: async (key, options) => {
        await inner.delete(key, options);
        for await (const entry of inner.list({ prefix: key }))
          if (entry.type === "object") await inner.delete(entry.key);
      },
    }),
    caughtBy: ["G07", "G09"],
  },
  {
    title: "deleteMany forgets to report the last key",
    breaks: (inner) => ({
      ...inner,
      async *deleteMany(keys, options) {
        let held: DeleteOutcome | undefined;
        for await (const outcome of inner.deleteMany(keys, options)) {
          if (held !== undefined) yield held;
          held = outcome;
        }
      },
    }),
    caughtBy: ["G10", "G11"],
  },
  {
    title: "deleteMany ends at the first refused key",
    breaks: (inner) => ({
      ...inner,
      async *deleteMany(keys, options) {
        for await (const outcome of inner.deleteMany(keys, options)) {
          yield outcome;
          if (outcome.error !== undefined) return;
        }
      },
    }),
    caughtBy: ["G11"],
  },
  {
    title: "deleteMany undoes an escape sequence in its keys",
    breaks: (inner) => ({
      ...inner,
      deleteMany: (keys, options) =>
        inner.deleteMany(
          (async function* () {
            for await (const key of keys) yield key.replaceAll("&amp;", "&");
          })(),
          options,
        ),
    }),
    caughtBy: ["G12"],
  },
  {
    title: "the prefix of a listing is taken for a folder",
    breaks: (inner) => ({
      ...inner,
      list: ({ prefix = "", ...options } = {}) => inner.list({ ...options, prefix: prefix.replace(/\/?$/u, "/") }),
    }),
    caughtBy: ["H02", "H03"],
  },
  {
    title: "a page begins with the last key of the page before",
    breaks: (inner) => {
      const lastOf = new Map<string, ListPage["entries"]>();
      return listingBy(inner, async (options) => {
        const page = await inner.listPage(options);
        const repeated = lastOf.get(options.cursor ?? "") ?? [];
        if (page.cursor !== undefined) lastOf.set(page.cursor, page.entries.slice(-1));
        return { ...page, entries: [...repeated, ...page.entries] };
      });
    },
    caughtBy: ["H04", "H05"],
  },
  {
    title: "the cursor is ignored",
    breaks: (inner) => ({ ...inner, listPage: (options) => inner.listPage({ ...options, cursor: undefined }) }),
    caughtBy: ["H04", "H06", "H08"],
  },
  {
    title: "a cursor is good only in the instance that gave it",
    breaks: (inner) => {
      const own = new Set<string>();
      return {
        ...inner,
        listPage: async (options = {}) => {
          if (options.cursor !== undefined && !own.has(options.cursor))
            throw new StorageError("InvalidArgument", "not mine");
          const page = await inner.listPage(options);
          if (page.cursor !== undefined) own.add(page.cursor);
          return page;
        },
      };
    },
    caughtBy: ["H06"],
  },
  {
    title: "a limit of zero means no limit",
    breaks: (inner) => ({
      ...inner,
      listPage: ({ limit, ...options } = {}) => inner.listPage({ ...options, limit: limit === 0 ? undefined : limit }),
    }),
    caughtBy: ["H07"],
  },
  {
    title: "keys come in the order of JavaScript's strings",
    breaks: (inner) =>
      listingBy(inner, async (options) => {
        const page = await inner.listPage(options);
        return { ...page, entries: page.entries.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)) };
      }),
    caughtBy: ["H09"],
  },
  {
    title: "startAfter lists the key it names",
    breaks: (inner) => ({
      ...inner,
      async *list(options = {}) {
        const { startAfter } = options;
        if (startAfter !== undefined && (await inner.exists(startAfter))) {
          const { key, size } = await inner.head(startAfter);
          yield { type: "object", key, size };
        }
        yield* inner.list(options);
      },
    }),
    caughtBy: ["H10"],
  },
  {
    title: "a delimiter gives every folder once a page, not once",
    breaks: (inner) => ({
      ...inner,
      listPage: async (options = {}) => {
        const page = await inner.listPage(options);
        const folder = page.entries.find((entry) => entry.type === "prefix");
        return folder === undefined || options.cursor === undefined
          ? page
          : { ...page, entries: [folder, ...page.entries] };
      },
    }),
    caughtBy: ["H13"],
  },
  {
    title: "a cursor is an offset",
    breaks: (inner) =>
      listingBy(inner, async ({ cursor = "0", limit = 1000, ...options }) => {
        const all = await gathered(inner.list(options));
        const end = Number(cursor) + limit;
        return { entries: all.slice(Number(cursor), end), ...(end < all.length && { cursor: String(end) }) };
      }),
    caughtBy: ["H15", "H16"],
  },
  {
    title: "a cursor is lost when the key it points to is deleted",
    breaks: (inner) => {
      const pointsTo = new Map<string, string>();
      return listingBy(inner, async (options) => {
        const expected = pointsTo.get(options.cursor ?? "");
        const page = await inner.listPage(options);
        if (expected !== undefined && firstName(page) !== expected) return { entries: [] };
        if (page.cursor !== undefined) {
          const { cursor } = page;
          pointsTo.set(cursor, firstName(await inner.listPage({ ...options, cursor, limit: 1 })));
        }
        return page;
      });
    },
    caughtBy: ["H14", "H16"],
  },
  {
    title: "all pages are fetched before the first entry is given",
    breaks: (inner) => ({
      ...inner,
      async *list(options) {
        yield* await gathered(inner.list(options));
      },
    }),
    caughtBy: ["H19"],
  },
  {
    title: "a listing asks for the head of every object",
    breaks: (inner) => ({
      ...inner,
      async *list(options) {
        for await (const entry of inner.list(options)) {
          if (entry.type === "object") await inner.head(entry.key);
          yield entry;
        }
      },
    }),
    caughtBy: ["H20"],
  },
  {
    title: "a copy forgets the metadata",
    breaks: (inner) => ({
      ...inner,
      copy: (from, to, options = {}) => inner.copy(from, to, { replace: { contentType: "text/plain" }, ...options }),
    }),
    caughtBy: ["I01", "I03"],
  },
  {
    title: "a copy shares its content with the source",
    breaks: (inner) => {
      const sourceOf = new Map<string, string>();
      return {
        ...inner,
        copy: async (from, to, options) => {
          const result = await inner.copy(from, to, options);
          if (from !== to) sourceOf.set(to, from);
          return result;
        },
        get: (key, options) => inner.get(sourceOf.get(key) ?? key, options),
      };
    },
    caughtBy: ["I06"],
  },
  {
    title: "a copy onto itself deletes the object",
    breaks: (inner) => ({
      ...inner,
      copy: async (from, to, options) => {
        const result = await inner.copy(from, to, options);
        if (from === to) await inner.delete(from);
        return result;
      },
    }),
    caughtBy: ["I05"],
  },
  {
    title: "parseUrl takes the bucket img2 for img",
    breaks: (inner) => ({ ...inner, parseUrl: (url) => inner.parseUrl(url.replace("/img2/", "/img/")) }),
    caughtBy: ["J03", "J05"],
  },
  {
    title: "parseUrl does not know the signed form",
    breaks: (inner) => ({ ...inner, parseUrl: (url) => (url.includes("token=") ? undefined : inner.parseUrl(url)) }),
    caughtBy: ["J06", "J17"],
  },
  {
    title: "parseUrl takes a plus for a space",
    breaks: (inner) => ({
      ...inner,
      parseUrl: (url) => {
        const parsed = inner.parseUrl(url);
        return parsed && { ...parsed, key: parsed.key.replaceAll("+", " ") };
      },
    }),
    caughtBy: ["J01", "J06"],
  },
  {
    title: "parseUrl takes a broken escape literally",
    breaks: (inner) => ({
      ...inner,
      parseUrl: (url) => inner.parseUrl(url) ?? inner.parseUrl(url.replace(/%(?![0-9a-f]{2})/giu, "%25")),
    }),
    caughtBy: ["J07"],
  },
  {
    title: "publicUrl leaves a question mark as it is",
    breaks: (inner) => ({
      ...inner,
      publicUrl: (key, options) => inner.publicUrl(key, options).replaceAll("%3F", "?"),
    }),
    caughtBy: ["J02"],
  },
  {
    title: "a signed URL lives for a day, whatever was asked",
    breaks: (inner) => ({
      ...inner,
      presign: async (request) => {
        const signed = await inner.presign({ ...request, expiresInSeconds: 86_400 });
        return { ...signed, expiresAt: new Date(Date.now() + request.expiresInSeconds * 1000) };
      },
    }),
    caughtBy: ["J10", "J15"],
  },
  {
    title: "a signed upload does not bind the content type",
    breaks: (inner) => ({ ...inner, presign: ({ contentType: _, ...request }) => inner.presign(request) }),
    caughtBy: ["J11"],
  },
  {
    title: "a signed GET forgets the overrides",
    breaks: (inner) => ({ ...inner, presign: ({ responseContentType: _, ...request }) => inner.presign(request) }),
    caughtBy: ["J14"],
  },
  {
    title: "a public URL carries a token",
    breaks: (inner) => ({ ...inner, publicUrl: (key) => `${inner.publicUrl(key)}?token=c2VjcmV0` }),
    caughtBy: ["J18"],
  },
  {
    title: "parts are put together in the order in which they came",
    breaks: (inner) => {
      let sent = 0;
      const numbers = new Map<number, number>();
      return withParts(inner, {
        uploadPart: (upload, partNumber, body, options) => {
          sent += 1;
          numbers.set(partNumber, sent);
          return inner.multipart.uploadPart(upload, sent, body, options).then((part) => ({ ...part, partNumber }));
        },
        complete: (upload, parts, options) =>
          inner.multipart.complete(
            upload,
            parts.map((part) => ({ ...part, partNumber: numbers.get(part.partNumber) ?? 0 })),
            options,
          ),
      });
    },
    caughtBy: ["K02"],
  },
  {
    title: "complete ignores its condition",
    breaks: (inner) =>
      withParts(inner, {
        complete: (upload, parts, options) => inner.multipart.complete(upload, parts, { signal: options?.signal }),
      }),
    caughtBy: ["K12"],
  },
  {
    title: "abort forgets nothing",
    breaks: (inner) => withParts(inner, { abort: async () => {} }),
    caughtBy: ["K09"],
  },
  {
    title: "a put leaves its upload open when it fails",
    breaks: (inner) => ({
      ...inner,
      put: (key, ...rest) =>
        inner.put(key, ...rest).catch(async (error: unknown) => {
          if (inner.capabilities.multipart !== false && key.includes("/k13/")) await inner.multipart.create(key);
          throw error;
        }),
    }),
    caughtBy: ["K13", "X02"],
  },
  {
    title: "an aborted signal is looked at only when the answer is there",
    breaks: (inner) => ({
      ...inner,
      head: async (key, options = {}) => {
        const info = await inner.head(key, {});
        if (options.signal?.aborted === true) throw new StorageError("Aborted", "too late");
        return info;
      },
    }),
    caughtBy: ["L01"],
  },
  {
    title: "a put waits for its source, aborted or not",
    breaks: (inner) => ({
      ...inner,
      put: async (key, body, { signal, ...options } = {}) => {
        const result = await inner.put(key, body, options);
        if (signal?.aborted === true) throw new StorageError("Aborted", "too late");
        return result;
      },
    }),
    caughtBy: ["L01", "L02"],
  },
  {
    title: "every call leaves a listener on its signal",
    breaks: (inner) => ({
      ...inner,
      head: (key, options) => {
        options?.signal?.addEventListener("abort", () => undefined);
        return inner.head(key, options);
      },
    }),
    caughtBy: ["L05"],
  },
  {
    title: "a bad key is thrown at once instead of rejected",
    breaks: (inner) => ({
      ...inner,
      head: (key, options) => {
        if (typeof key !== "string") throw new TypeError("a key is a string");
        return inner.head(key, options);
      },
    }),
    caughtBy: ["M01"],
  },
  {
    title: "the error of a source of keys is passed on bare",
    breaks: (inner) => ({
      ...inner,
      async *deleteMany(keys, options) {
        yield* inner.deleteMany(await gathered(keys), options);
      },
    }),
    caughtBy: ["L04", "M01"],
  },
  {
    title: "what is denied and what is unknown is the same",
    breaks: (inner) => ({
      ...inner,
      put: (...args) =>
        inner.put(...args).catch((error: unknown) => {
          throw isStorageError(error, "PermissionDenied") ? renamed(error, "Unauthenticated") : error;
        }),
    }),
    caughtBy: ["M03"],
  },
  {
    title: "a missing key is called worth a retry",
    breaks: (inner) => ({
      ...inner,
      get: (...args) =>
        inner.get(...args).catch((error: unknown) => {
          throw isStorageError(error, "NotFound") ? error.with({ persistence: "temporary" }) : error;
        }),
    }),
    caughtBy: ["M10"],
  },
  {
    title: "an outage is called final",
    breaks: (inner) => ({
      ...inner,
      head: (...args) =>
        inner.head(...args).catch((error: unknown) => {
          throw isStorageError(error, "Unavailable") ? error.with({ persistence: "permanent" }) : error;
        }),
    }),
    caughtBy: ["M10"],
  },
  {
    title: "an error shows the signed URL that failed",
    breaks: (inner) => ({
      ...inner,
      get: (key, options) =>
        inner.get(key, options).catch((error: unknown) => {
          const message = `GET https://s3.example/${key}?X-Amz-Signature=0123456789abcdef failed`;
          const { code, operation, provider } = error as StorageError;
          throw new StorageError(code, message, { operation, provider, key });
        }),
    }),
    caughtBy: ["J18", "M08"],
  },
  {
    title: "an error names another operation than the one that failed",
    breaks: (inner) => ({
      ...inner,
      head: (...args) =>
        inner.head(...args).catch((error: unknown) => {
          throw isStorageError(error) ? error.with({ operation: "get" }) : error;
        }),
    }),
    caughtBy: ["M09"],
  },
  {
    title: "a provider works on after close",
    breaks: (inner) => ({ ...inner, close: async () => {} }),
    caughtBy: ["N03"],
  },
  {
    title: "closing one instance closes them all",
    breaks: (inner) => {
      openTogether.push(inner);
      return { ...inner, close: async () => void (await Promise.all(openTogether.map((one) => one.close()))) };
    },
    caughtBy: ["N02"],
  },
  {
    title: "capabilities can be changed",
    breaks: (inner) => ({ ...inner, capabilities: structuredClone(inner.capabilities) }),
    caughtBy: ["N04"],
  },
  {
    title: "check finds nothing wrong, whatever is",
    breaks: (inner) => ({
      ...inner,
      check: async () => ({ ok: true, findings: [{ id: "write", level: "ok", message: "All is well." }] }),
    }),
    caughtBy: ["N05"],
  },
  {
    title: "a timer goes on after close",
    breaks: (inner) => {
      timersLeft.push(setInterval(() => undefined, 60_000));
      return inner;
    },
    caughtBy: ["X03"],
  },
];

/** What mutants have left behind, for the tests to clear away. */
const timersLeft: ReturnType<typeof setInterval>[] = [];
const openTogether: StorageProvider[] = [];

afterEach(() => {
  for (const timer of timersLeft.splice(0)) clearInterval(timer);
  openTogether.splice(0);
});

describe("the suite notices", () => {
  for (const { title, breaks, caughtBy } of MUTANTS) {
    test(`${title}: ${caughtBy.join(", ")}`, async () => {
      expect(await failedCases(caughtBy, breaks)).toEqual(caughtBy);
    });
  }

  test("nothing wrong with a provider that is not broken, by the same cases", async () => {
    expect(await failedCases([...new Set(MUTANTS.flatMap(({ caughtBy }) => caughtBy))])).toEqual([]);
  });
});

describe("the hygiene of a run", () => {
  const records: Readonly<Record<string, Partial<RunRecord>>> = {
    X01: { leakedKeys: [{ caseId: "A01", key: "left", reason: "access denied" }] },
    X02: { leakedUploads: [{ caseId: "K01", upload: { key: "left", uploadId: "1" } }] },
    X04: { unhandledRejections: [new Error("nobody waited for this one")] },
    X06: { results: [{ id: "G01", title: "", level: "core", outcome: "passed", durationMs: 1, requests: 1000 }] },
  };
  for (const [id, record] of Object.entries(records)) {
    test(`${id} fails when the run has left something of its kind`, async () => {
      const one = HYGIENE_CASES.find((hygiene) => hygiene.id === id);
      if (one === undefined) throw new Error(`there is no case ${id}`);
      const nested = { ...one, run: (t: CaseContext) => one.run({ ...t, run: { ...t.run, ...record } }) };
      const report = await runSuite(memoryHarness({ name: "memory" }), { cases: [nested] });
      expect(report.results.map(({ outcome }) => outcome)).toEqual(["failed"]);
    });
  }
});

function listingBy(inner: StorageProvider, page: (options: ListPageOptions) => Promise<ListPage>): StorageProvider {
  return {
    ...inner,
    listPage: (options = {}) => page(options),
    async *list(options = {}) {
      let cursor: string | undefined;
      do {
        const { entries, cursor: next } = await page({ ...options, cursor });
        yield* entries;
        cursor = next;
      } while (cursor !== undefined);
    },
  };
}

function withParts(inner: StorageProvider, parts: Partial<MultipartOperations>): StorageProvider {
  return { ...inner, multipart: { ...inner.multipart, ...parts } };
}

function renamed(error: StorageError, code: StorageErrorCode): StorageError {
  const { message, provider, operation, key } = error;
  return new StorageError(code, message, { provider, operation, key });
}

async function gathered<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function nameOf(entry: ListEntry): string {
  return entry.type === "object" ? entry.key : entry.prefix;
}

function firstName({ entries }: ListPage): string {
  const [first] = entries;
  return first === undefined ? "" : nameOf(first);
}
