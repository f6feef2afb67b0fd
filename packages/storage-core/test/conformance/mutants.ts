import { collect } from "../../src/conformance/check.ts";
import type { PutBody } from "../../src/contract/body.ts";
import type { Capabilities } from "../../src/contract/capabilities.ts";
import type { GetResult, ObjectInfo, PutOptions, StorageProvider } from "../../src/contract/provider.ts";
import { StorageError, isStorageError } from "../../src/errors/storage-error.ts";
import { openObject } from "../../src/kit/open-object.ts";

/** A provider with one thing wrong with it, as adapters have had it wrong. */
export interface Mutant {
  readonly name: string;
  /** What replaces the methods of a right provider. */
  readonly broken: (inner: StorageProvider) => Partial<StorageProvider>;
  /** What the right provider underneath says it cannot do. */
  readonly capabilities?: Partial<Capabilities>;
  /** Cases that have to notice, each by itself. */
  readonly caughtBy: readonly string[];
}

/** Keys rewritten on the way in, in every operation that A–I use. */
function rekeyed(inner: StorageProvider, rewrite: (key: string) => string): Partial<StorageProvider> {
  return {
    put: (key, body, options) => inner.put(rewrite(key), body, options),
    get: (key, options) => inner.get(rewrite(key), options),
    head: (key, options) => inner.head(rewrite(key), options),
    exists: (key, options) => inner.exists(rewrite(key), options),
    delete: (key, options) => inner.delete(rewrite(key), options),
    copy: (from, to, options) => inner.copy(rewrite(from), rewrite(to), options),
  };
}

/** Whatever `head` and `get` say of an object, changed. */
function describing(inner: StorageProvider, change: (info: ObjectInfo) => ObjectInfo): Partial<StorageProvider> {
  return {
    head: async (key, options) => change(await inner.head(key, options)),
    get: async (key, options) => {
      const result = await inner.get(key, options);
      return reopened(await result.bytes(), change(result.info), result.range);
    },
  };
}

function putting(inner: StorageProvider, change: (options: PutOptions) => PutOptions): Partial<StorageProvider> {
  return { put: (key, body, options = {}) => inner.put(key, body, change(options)) };
}

/** An open object of these bytes, which says of itself what it is told to. */
export function reopened(bytes: Uint8Array, info: ObjectInfo, range: GetResult["range"]): GetResult {
  return openObject(
    {
      info,
      range,
      body: {
        async *[Symbol.asyncIterator]() {
          yield bytes;
        },
        cancel: async () => {},
      },
    },
    { site: { provider: "mutant", operation: "get", key: info.key } },
  );
}

export async function wholeOf(body: PutBody): Promise<Uint8Array> {
  const opened = typeof body === "function" ? await body() : body;
  if (typeof opened === "object" && Symbol.asyncIterator in opened) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened) chunks.push(chunk);
    return new Uint8Array(await new Blob(chunks.map((chunk) => Uint8Array.from(chunk))).arrayBuffer());
  }
  return new Uint8Array(await new Response(opened as BodyInit).arrayBuffer());
}

export const MUTANTS: readonly Mutant[] = [
  // Put
  {
    name: "put drops user metadata",
    broken: (inner) => putting(inner, ({ metadata: _, ...options }) => options),
    caughtBy: ["A13", "C06", "C08"],
  },
  {
    name: "put drops the content type",
    broken: (inner) => putting(inner, ({ contentType: _, ...options }) => options),
    caughtBy: ["C01", "C03"],
  },
  {
    name: "put guesses a content type from the name",
    broken: (inner) => ({
      put: (key, body, options) =>
        inner.put(key, body, key.endsWith(".html") ? { ...options, contentType: "text/html" } : options),
    }),
    caughtBy: ["C02", "C03"],
  },
  {
    name: "put merges metadata into the old",
    broken: (inner) => ({
      put: async (key, body, options = {}) => {
        const old = await inner.head(key).catch(() => undefined);
        return inner.put(key, body, { ...options, metadata: { ...old?.metadata, ...options.metadata } });
      },
    }),
    caughtBy: ["A13"],
  },
  {
    name: "put stores what came when its source fails",
    broken: (inner) => ({
      put: async (key, body, options) => {
        if (!(body instanceof ReadableStream)) return inner.put(key, body, options);
        const chunks: Uint8Array[] = [];
        try {
          for await (const chunk of body) chunks.push(chunk);
        } catch (error) {
          await inner.put(key, new Blob(chunks.map((chunk) => Uint8Array.from(chunk))));
          throw new StorageError("IncompleteBody", `put ${key}: the source failed`, {
            cause: error,
            key,
            operation: "put",
          });
        }
        return inner.put(key, new Blob(chunks.map((chunk) => Uint8Array.from(chunk))), options);
      },
    }),
    caughtBy: ["A18"],
  },
  {
    name: "put does not count its stream",
    broken: (inner) => putting(inner, ({ contentLength: _, ...options }) => options),
    caughtBy: ["A19", "A20"],
  },
  {
    name: "put writes in two steps that readers can see",
    broken: (inner) => ({
      put: async (key, body, options) => {
        const bytes = await wholeOf(body);
        if (bytes.length > 100_000) {
          await inner.put(key, bytes.subarray(0, 100_000), options);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return inner.put(key, bytes, options);
      },
    }),
    caughtBy: ["A26"],
  },
  {
    name: "put sends strings as Latin-1",
    broken: (inner) => ({
      put: (key, body, options) =>
        inner.put(key, typeof body === "string" ? Uint8Array.from(body, (c) => c.charCodeAt(0)) : body, options),
    }),
    caughtBy: ["A09"],
  },
  {
    name: "put sends the whole buffer behind a view",
    broken: (inner) => ({
      put: (key, body, options) =>
        inner.put(key, ArrayBuffer.isView(body) ? (body.buffer as ArrayBuffer) : body, options),
    }),
    caughtBy: ["A08"],
  },
  {
    name: "put ends the body at its first empty chunk",
    broken: (inner) => ({
      put: (key, body, options = {}) => {
        if (typeof body !== "object" || body instanceof ReadableStream || !(Symbol.asyncIterator in body)) {
          return inner.put(key, body, options);
        }
        return inner.put(key, untilEmpty(body), options);
      },
    }),
    caughtBy: ["A07"],
  },
  {
    name: "put says a size and an etag of its own",
    broken: (inner) => ({
      put: async (key, body, options) => ({ ...(await inner.put(key, body, options)), etag: "always-the-same" }),
    }),
    caughtBy: ["A14", "A15"],
  },
  {
    name: "put reports progress that goes back",
    broken: (inner) =>
      putting(inner, (options) => ({
        ...options,
        onProgress: (progress) => {
          options.onProgress?.(progress);
          options.onProgress?.({ ...progress, sentBytes: 0 });
        },
      })),
    caughtBy: ["A30"],
  },
  {
    name: "put ignores its checksum",
    broken: (inner) => putting(inner, ({ checksum: _, ...options }) => options),
    caughtBy: ["F02"],
  },
  {
    name: "put emulates create-only by asking first",
    broken: (inner) => ({
      put: async (key, body, { ifNoneMatch, ...options } = {}) => {
        if (ifNoneMatch !== undefined && (await inner.exists(key))) {
          throw new StorageError("AlreadyExists", `put ${key}: taken`, { key, operation: "put" });
        }
        return inner.put(key, body, options);
      },
    }),
    caughtBy: ["E04"],
  },
  {
    name: "put ignores ifMatch",
    broken: (inner) => putting(inner, ({ ifMatch: _, ...options }) => options),
    caughtBy: ["E02", "E03"],
  },
  {
    name: "put takes a condition in silence that it says it does not have",
    capabilities: { conditionalPut: { create: false, replace: false } },
    broken: (inner) => putting(inner, ({ ifNoneMatch: _, ifMatch: __, ...options }) => options),
    caughtBy: ["E01", "E02", "E11"],
  },
  // Keys
  {
    name: "keys lose their outer spaces",
    broken: (inner) => rekeyed(inner, (key) => key.trim()),
    caughtBy: ["B02", "B18"],
  },
  {
    name: "keys are normalised to NFC",
    broken: (inner) => rekeyed(inner, (key) => key.normalize("NFC")),
    caughtBy: ["B05"],
  },
  {
    name: "keys lose double slashes",
    broken: (inner) => rekeyed(inner, (key) => key.replaceAll(/\/{2,}/g, "/")),
    caughtBy: ["B07"],
  },
  {
    name: "keys are resolved like paths",
    broken: (inner) =>
      rekeyed(inner, (key) => (key === "" ? key : new URL(`http://x/${encodeURI(key)}`).pathname.slice(1))),
    caughtBy: ["B08"],
  },
  {
    name: "keys are percent-decoded",
    broken: (inner) =>
      rekeyed(inner, (key) => {
        try {
          return decodeURIComponent(key);
        } catch {
          return key;
        }
      }),
    caughtBy: ["B03"],
  },
  {
    name: "keys are cut at a question mark",
    broken: (inner) => rekeyed(inner, (key) => key.split("?")[0] ?? key),
    caughtBy: ["B04"],
  },
  {
    name: "keys are lower case",
    broken: (inner) => rekeyed(inner, (key) => key.toLowerCase()),
    caughtBy: ["B06"],
  },
  {
    name: "a key that is too long is cut",
    broken: (inner) => rekeyed(inner, (key) => key.slice(0, 1024)),
    caughtBy: ["B12"],
  },
  // Get and head
  {
    name: "get ignores the offset of a range",
    broken: (inner) => ({
      get: (key, options = {}) =>
        inner.get(
          key,
          options.range !== undefined && "offset" in options.range
            ? { ...options, range: { ...options.range, offset: 0 } }
            : options,
        ),
    }),
    caughtBy: ["D01", "D02", "D09"],
  },
  {
    name: "get says the size of the range instead of the object's",
    broken: (inner) => ({
      get: async (key, options) => {
        const result = await inner.get(key, options);
        return reopened(await result.bytes(), { ...result.info, size: result.range.length }, result.range);
      },
    }),
    caughtBy: ["D01", "D04", "D07"],
  },
  {
    name: "get answers a range beyond the end with nothing",
    broken: (inner) => ({
      get: async (key, options) => {
        try {
          return await inner.get(key, options);
        } catch (error) {
          if (!isStorageError(error, "InvalidRange")) throw error;
          return reopened(new Uint8Array(0), await inner.head(key), { offset: 0, length: 0 });
        }
      },
    }),
    caughtBy: ["D05", "D08"],
  },
  {
    name: "get loses the last byte in silence",
    broken: (inner) => ({
      get: async (key, options) => {
        const result = await inner.get(key, options);
        const bytes = (await result.bytes()).slice(0, -1);
        return reopened(bytes, result.info, { offset: result.range.offset, length: bytes.length });
      },
    }),
    caughtBy: ["A01", "A02", "A11", "D01"],
  },
  {
    name: "head answers from a cache",
    broken: (inner) => {
      const seen = new Map<string, ObjectInfo>();
      return {
        head: async (key, options) => {
          const info = seen.get(key) ?? (await inner.head(key, options));
          seen.set(key, info);
          return info;
        },
      };
    },
    caughtBy: ["A27"],
  },
  {
    name: "etags keep their quotes",
    broken: (inner) => describing(inner, (info) => ({ ...info, etag: `"${info.etag}"` })),
    caughtBy: ["A14", "C14"],
  },
  {
    name: "the etag is handed out as md5",
    broken: (inner) => describing(inner, (info) => ({ ...info, checksums: { md5: info.etag } })),
    caughtBy: ["F04"],
  },
  {
    name: "head says nothing of the metadata",
    broken: (inner) => ({ head: async (key, options) => ({ ...(await inner.head(key, options)), metadata: {} }) }),
    caughtBy: ["C06", "C12"],
  },
  {
    name: "dates are those of 1970",
    broken: (inner) => describing(inner, (info) => ({ ...info, lastModified: new Date(0) })),
    caughtBy: ["C13"],
  },
  {
    name: "exists calls every failure a no",
    broken: (inner) => ({ exists: (key, options) => inner.exists(key, options).catch(() => false) }),
    caughtBy: ["B10", "B11", "G03", "G04"],
  },
  {
    name: "a missing object is an error of another class",
    broken: (inner) => ({
      get: async (key, options) => {
        try {
          return await inner.get(key, options);
        } catch (error) {
          throw isStorageError(error, "NotFound") ? new Error("404") : error;
        }
      },
    }),
    caughtBy: ["A16", "M01"],
  },
  // Delete, copy, list
  {
    name: "delete of a missing key fails",
    broken: (inner) => ({
      delete: async (key, options) => {
        await inner.head(key);
        await inner.delete(key, options);
      },
    }),
    caughtBy: ["G08"],
  },
  {
    name: "delete takes what lies below the name as well",
    broken: (inner) => ({
      delete: async (key, options) => {
        await inner.delete(key, options);
        for await (const entry of inner.list({ prefix: `${key}/` })) {
          if (entry.type === "object") await inner.delete(entry.key);
        }
      },
    }),
    caughtBy: ["B15", "G09"],
  },
  {
    name: "deleteMany stops at the first key that is refused",
    broken: (inner) => ({
      deleteMany: async function* (keys, options) {
        for await (const outcome of inner.deleteMany(keys, options)) {
          yield outcome;
          if (outcome.error !== undefined) return;
        }
      },
    }),
    caughtBy: ["G11"],
  },
  {
    name: "copy keeps the old metadata beside the new",
    broken: (inner) => ({
      copy: async (from, to, options = {}) => {
        if (options.replace === undefined) return inner.copy(from, to, options);
        const { metadata } = await inner.head(from);
        return inner.copy(from, to, {
          ...options,
          replace: { ...options.replace, metadata: { ...metadata, ...options.replace.metadata } },
        });
      },
    }),
    caughtBy: ["I02"],
  },
  {
    name: "copy takes its arguments the other way round",
    broken: (inner) => ({ copy: (from, to, options) => inner.copy(to, from, options) }),
    caughtBy: ["C04", "I01", "I04"],
  },
  {
    name: "a listing loses a key at the end of each page",
    broken: (inner) => ({
      listPage: async (options) => {
        const page = await inner.listPage(options);
        return page.cursor === undefined ? page : { ...page, entries: page.entries.slice(0, -1) };
      },
    }),
    caughtBy: ["H04"],
  },
  {
    name: "a listing comes in the order of JavaScript's own comparison",
    broken: (inner) => ({
      list: async function* (options) {
        const entries = await collect(inner.list(options));
        const name = (entry: (typeof entries)[number]) => (entry.type === "object" ? entry.key : entry.prefix);
        yield* entries.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
      },
    }),
    caughtBy: ["H09"],
  },
  {
    name: "a prefix means a folder",
    broken: (inner) => ({
      list: async function* ({ prefix = "", ...options } = {}) {
        yield* inner.list({ ...options, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` });
      },
    }),
    caughtBy: ["H02", "H03"],
  },
  // URLs, uploads, signals
  {
    name: "publicUrl leaves # and ? as they are",
    broken: (inner) => ({
      publicUrl: (key, options) => inner.publicUrl(key, options).replaceAll("%23", "#").replaceAll("%3F", "?"),
    }),
    caughtBy: ["B18", "J01", "J02"],
  },
  {
    name: "parseUrl throws on what it does not understand",
    broken: (inner) => ({
      parseUrl: (url) => {
        decodeURIComponent(url);
        return inner.parseUrl(url);
      },
    }),
    caughtBy: ["J07"],
  },
  {
    name: "presign forgets which key it is for",
    broken: (inner) => ({ presign: (request) => inner.presign({ ...request, key: `${request.key}.other` }) }),
    caughtBy: ["B18", "J08"],
  },
  {
    name: "parts are joined in the order of their arrival",
    broken: (inner) => ({
      multipart: {
        ...inner.multipart,
        uploadPart: (upload, partNumber, body, options) =>
          inner.multipart.uploadPart(upload, partNumber === 1 ? 2 : partNumber === 2 ? 1 : partNumber, body, options),
        complete: async (upload, parts, options) =>
          inner.multipart.complete(upload, (await inner.multipart.listParts(upload)).slice(0, parts.length), options),
      },
    }),
    caughtBy: ["K02"],
  },
  {
    name: "an aborted signal is not looked at before the call",
    broken: (inner) => ({ head: (key, { signal: _, ...options } = {}) => inner.head(key, options) }),
    caughtBy: ["L01"],
  },
];

async function* untilEmpty(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    if (chunk.length === 0) return;
    yield chunk;
  }
}
