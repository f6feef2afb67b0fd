import { conformanceCase } from "../define.ts";
import { bytesEqual, equal, namesKey, notEqual, ok, rejectsWith, show } from "../check.ts";
import { chunked, failingStream, iterableOf, streamOf, utf8 } from "../content.ts";
import { randomBytes } from "../random.ts";
import { absent, causedBy, holds } from "../stored.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import type { PutBody } from "../../contract/body.ts";
import type { PutOptions } from "../../contract/provider.ts";

const KIB = 1024;

/** A12–A20: a put replaces all or nothing, and what is not there is not found. */
export const REPLACING_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "A12",
    title: "a shorter body leaves no tail of the old one",
    level: "core",
    run: async (t) => {
      const key = t.key("object");
      await t.provider.put(key, randomBytes(t.random, 100 * KIB), { signal: t.signal });
      await t.provider.put(key, "new", { signal: t.signal });
      await holds(t, key, utf8("new"), "the overwritten object");
    },
  }),
  conformanceCase({
    id: "A13",
    title: "an overwrite replaces metadata and headers; nothing of the old ones stays",
    level: "core",
    run: async (t) => {
      const { provider, capabilities, signal } = t;
      const key = t.key("object");
      const withMetadata = capabilities.metadata.maxBytes > 0;
      await provider.put(key, "old", {
        ...(capabilities.systemHeaders.contentType ? { contentType: "text/x-old" } : {}),
        ...(capabilities.systemHeaders.cacheControl ? { cacheControl: "max-age=1111" } : {}),
        ...(capabilities.systemHeaders.contentDisposition ? { contentDisposition: 'inline; filename="old"' } : {}),
        ...(capabilities.systemHeaders.contentLanguage ? { contentLanguage: "fr" } : {}),
        ...(withMetadata ? { metadata: { color: "old", only: "old" } } : {}),
        signal,
      });
      await provider.put(key, "new", { ...(withMetadata ? { metadata: { color: "new" } } : {}), signal });
      const info = await provider.head(key, { signal });
      if (withMetadata) equal(info.metadata, { color: "new" }, "metadata");
      notEqual(info.contentType, "text/x-old", "content type of the overwritten object");
      notEqual(info.cacheControl, "max-age=1111", "cache control of the overwritten object");
      equal(info.contentDisposition, undefined, "content disposition");
      equal(info.contentLanguage, undefined, "content language");
      await provider.put(key, "newest", { signal });
      equal((await provider.head(key, { signal })).metadata, {}, "metadata of a put without any");
    },
  }),
  conformanceCase({
    id: "A14",
    title: "the result of a put has the key, size and etag that a following head gives",
    level: "core",
    run: async (t) => {
      for (const [name, body] of [
        ["bytes", utf8("some bytes")],
        ["stream", streamOf([utf8("a "), utf8("stream")])],
        ["empty", ""],
      ] as const) {
        const key = t.key(name);
        const put = await t.provider.put(key, body, { signal: t.signal });
        const info = await t.provider.head(key, { signal: t.signal });
        equal(put.key, info.key, `${name}: key`);
        equal(put.size, info.size, `${name}: size`);
        equal(put.etag, info.etag, `${name}: etag`);
        equal(put.version, info.version, `${name}: version`);
      }
    },
  }),
  conformanceCase({
    id: "A15",
    title: "two puts of different content give different etags",
    level: "core",
    run: async (t) => {
      const key = t.key("object");
      const first = await t.provider.put(key, "content one", { signal: t.signal });
      const second = await t.provider.put(key, "content two", { signal: t.signal });
      notEqual(second.etag, first.etag, "etag of the second put");
      equal((await t.provider.head(key, { signal: t.signal })).etag, second.etag, "etag of head");
    },
  }),
  conformanceCase({
    id: "A16",
    title: "get of a missing key fails with NotFound and names the key",
    level: "core",
    run: async (t) => {
      const key = t.key("missing.txt");
      const error = await rejectsWith("NotFound", () => t.provider.get(key, { signal: t.signal }), "get");
      namesKey(error, key);
      equal(error.operation, "get", "operation of the error");
      equal(error.retryable, false, "retryable");
    },
  }),
  conformanceCase({
    id: "A17",
    title: "a prefix that holds objects is no object",
    level: "core",
    run: async (t) => {
      const { provider, signal } = t;
      await provider.put(t.key("folder/inside"), "x", { signal });
      await rejectsWith("NotFound", provider.get(t.key("folder"), { signal }), "get of the prefix");
      await rejectsWith("NotFound", provider.head(t.key("folder"), { signal }), "head of the prefix");
      equal(await provider.exists(t.key("folder"), { signal }), false, "exists of the prefix");
      if (!t.capabilities.keys.trailingSlash) return;
      await rejectsWith("NotFound", provider.get(t.key("folder/"), { signal }), "get of the prefix with its slash");
    },
  }),
  conformanceCase({
    id: "A18",
    title:
      "a source that fails half way fails the put with IncompleteBody, its error as the cause, and changes nothing",
    level: "core",
    run: async (t) => {
      const chunks = chunked(randomBytes(t.random, 256 * KIB), 32 * KIB);
      for (const [name, bodyOf] of [
        ["stream", (error: Error) => failingStream(chunks, error)],
        ["iterable", (error: Error) => failingIterable(chunks, error)],
        ["at-once", (error: Error) => failingStream([], error)],
      ] as const) {
        const options = name === "iterable" ? { contentLength: 512 * KIB } : {};
        await changesNothing(t, name, async (key) => {
          const broken = new Error("the source broke");
          const putting = t.provider.put(key, bodyOf(broken), { ...options, signal: t.signal });
          const error = await rejectsWith("IncompleteBody", putting, name);
          ok(causedBy(error, broken), `${name}: the source's error is not among the causes of ${show(error)}`);
        });
      }
    },
  }),
  conformanceCase({
    id: "A19",
    title: "a source longer than announced fails with IncompleteBody and changes nothing",
    level: "core",
    run: async (t) => {
      const bytes = randomBytes(t.random, 64 * KIB);
      await wrongLength(t, "by-one", bytes, bytes.length - 1);
      await wrongLength(t, "by-much", bytes, 10);
      await wrongLength(t, "than-nothing", bytes, 0);
    },
  }),
  conformanceCase({
    id: "A20",
    title: "a source shorter than announced fails with IncompleteBody and changes nothing",
    level: "core",
    run: async (t) => {
      const bytes = randomBytes(t.random, 64 * KIB);
      await wrongLength(t, "by-one", bytes, bytes.length + 1);
      await wrongLength(t, "by-much", bytes, bytes.length * 2);
      await wrongLength(t, "empty", new Uint8Array(0), 100);
    },
  }),
];

async function wrongLength(t: CaseContext, name: string, bytes: Uint8Array, contentLength: number): Promise<void> {
  const chunks = chunked(bytes, 8 * KIB);
  const bodies: readonly (readonly [string, () => PutBody])[] = [
    ["stream", () => streamOf(chunks)],
    ["iterable", () => iterableOf(chunks)],
  ];
  for (const [kind, body] of bodies) {
    await changesNothing(t, `${name}-${kind}`, async (key) => {
      const options: PutOptions = { contentLength, signal: t.signal };
      await rejectsWith("IncompleteBody", t.provider.put(key, body(), options), `${name}, ${kind}`);
    });
  }
}

/** The action, which puts in vain, is tried on a key that holds an object and on one that does not. */
async function changesNothing(t: CaseContext, name: string, action: (key: string) => Promise<void>): Promise<void> {
  const held = t.key(`held-${name}`);
  const old = utf8(`old content of ${name}`);
  const { etag } = await t.provider.put(held, old, { signal: t.signal });
  await action(held);
  const after = await t.provider.get(held, { signal: t.signal });
  bytesEqual(await after.bytes(), old, `${name}: the old object`);
  equal(after.info.etag, etag, `${name}: etag of the old object`);
  await action(t.key(`new-${name}`));
  await absent(t, t.key(`new-${name}`), `${name}: after a failed put of a new key`);
}

async function* failingIterable(chunks: readonly Uint8Array[], error: Error): AsyncGenerator<Uint8Array> {
  yield* chunks;
  throw error;
}
