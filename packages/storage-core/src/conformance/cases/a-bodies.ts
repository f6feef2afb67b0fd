import { conformanceCase } from "../define.ts";
import { bytesEqual, equal, notEqual, ok } from "../check.ts";
import { allByteValues, chunked, iterableOf, sha256Hex, streamOf, utf8 } from "../content.ts";
import { randomBytes } from "../random.ts";
import { bytesOf, holds } from "../stored.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import type { PutBody } from "../../contract/body.ts";
import type { PutOptions } from "../../contract/provider.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A01–A11 and A28–A30: bodies of every kind and size arrive byte for byte. */
export const BODY_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "A01",
    title: "text comes back as it was put",
    level: "core",
    run: async (t) => {
      const text = "Bucketferry carries text.\nSecond line.\r\n";
      await arrives(t, "text.txt", text, utf8(text));
      equal(await (await t.provider.get(t.key("text.txt"), { signal: t.signal })).text(), text, "text()");
    },
  }),
  conformanceCase({
    id: "A02",
    title: "all 256 byte values come back as they were put",
    level: "core",
    run: (t) => arrives(t, "binary", allByteValues(), allByteValues()),
  }),
  conformanceCase({
    id: "A03",
    title: "zero bytes make an object of size 0",
    level: "core",
    run: (t) => arrives(t, "empty", new Uint8Array(0), new Uint8Array(0)),
  }),
  conformanceCase({
    id: "A04",
    title: "an empty stream makes an object of size 0, with and without an announced length",
    level: "core",
    run: async (t) => {
      await arrives(t, "unannounced", streamOf([]), new Uint8Array(0));
      await arrives(t, "announced", streamOf([]), new Uint8Array(0), { contentLength: 0 });
    },
  }),
  conformanceCase({
    id: "A05",
    title: "a ReadableStream of announced length arrives whole",
    level: "core",
    run: (t) => {
      const bytes = randomBytes(t.random, 200 * KIB + 7);
      return arrives(t, "stream", streamOf(chunked(bytes, 16 * KIB)), bytes, { contentLength: bytes.length });
    },
  }),
  conformanceCase({
    id: "A06",
    title: "a ReadableStream of unknown length arrives whole",
    level: "core",
    run: (t) => {
      const bytes = randomBytes(t.random, 200 * KIB + 7);
      return arrives(t, "stream", streamOf(chunked(bytes, 16 * KIB)), bytes);
    },
  }),
  conformanceCase({
    id: "A07",
    title: "an async iterable arrives whole, also with empty chunks in between, and from a function that opens it",
    level: "core",
    run: async (t) => {
      const bytes = randomBytes(t.random, 50 * KIB);
      const chunks = chunked(bytes, 9 * KIB).flatMap((chunk) => [new Uint8Array(0), chunk, new Uint8Array(0)]);
      await arrives(t, "iterable", iterableOf(chunks), bytes);
      await arrives(t, "opened", () => iterableOf(chunks), bytes, { contentLength: bytes.length });
      await arrives(t, "opened-later", async () => streamOf(chunks), bytes);
    },
  }),
  conformanceCase({
    id: "A08",
    title: "a Blob, an ArrayBuffer and views with an offset give exactly the bytes they stand for",
    level: "core",
    run: async (t) => {
      const whole = randomBytes(t.random, 4 * KIB);
      const viewed = whole.slice(1000, 1000 + 1600);
      await arrives(t, "blob", new Blob([whole]), whole);
      await arrives(t, "blob-part", new Blob([whole]).slice(1000, 2600), viewed);
      await arrives(t, "array-buffer", whole.buffer, whole);
      await arrives(t, "uint8", new Uint8Array(whole.buffer, 1000, 1600), viewed);
      await arrives(t, "uint16", new Uint16Array(whole.buffer, 1000, 800), viewed);
      await arrives(t, "data-view", new DataView(whole.buffer, 1000, 1600), viewed);
    },
  }),
  conformanceCase({
    id: "A09",
    title: "a string is sent as UTF-8",
    level: "core",
    run: async (t) => {
      const text = "Grüße, 世界, שלום, e\u0301, 👩‍👩‍👧 and \u0000 too";
      await arrives(t, "utf8.txt", text, utf8(text));
      equal(await (await t.provider.get(t.key("utf8.txt"), { signal: t.signal })).text(), text, "text()");
    },
  }),
  conformanceCase({
    id: "A10",
    title: "a stream of thousands of one-byte chunks arrives whole",
    level: "core",
    run: (t) => {
      const bytes = randomBytes(t.random, 5000);
      return arrives(t, "drops", streamOf(chunked(bytes, 1)), bytes);
    },
  }),
  conformanceCase({
    id: "A11",
    title: "a stream of one huge chunk arrives whole",
    level: "core",
    run: (t) => {
      const bytes = randomBytes(t.random, 6 * MIB + 1);
      return arrives(t, "gulp", streamOf([bytes]), bytes, { contentLength: bytes.length });
    },
  }),
  conformanceCase({
    id: "A28",
    title: "sizes around the borders of parts arrive with the right size and hash",
    level: "stress",
    run: async (t) => {
      const part = minPartBytes(t) ?? 5 * MIB;
      const sizes = [5 * MIB - 1, 5 * MIB, 5 * MIB + 1, part * 2 - 1, part * 2, part * 2 + 1];
      for (const size of new Set(sizes)) {
        const bytes = randomBytes(t.random, size);
        // Nobody knows the length of such a stream, so a service that writes in parts has to.
        await t.provider.put(t.key(`n${size}`), streamOf(chunked(bytes, 64 * KIB)), {
          partSizeBytes: part,
          signal: t.signal,
        });
        const stored = await bytesOf(t, t.key(`n${size}`));
        equal(stored.length, size, "size");
        equal(await sha256Hex(stored), await sha256Hex(bytes), `hash of ${size} bytes`);
      }
    },
  }),
  conformanceCase({
    id: "A29",
    title: "a body too large for one request goes in parts and comes back whole",
    level: "stress",
    needs: ["multipart"],
    run: async (t) => {
      const part = Math.max(minPartBytes(t) ?? 0, 64 * KIB);
      const size = t.capabilities.maxPutBytes <= 64 * MIB ? t.capabilities.maxPutBytes + 1 : part * 3 + 1;
      const bytes = randomBytes(t.random, size);
      const key = t.key("in-parts");
      const contentType = t.capabilities.systemHeaders.contentType ? { contentType: "application/x-parts" } : {};
      const put = await t.provider.put(key, streamOf(chunked(bytes, 64 * KIB)), {
        partSizeBytes: part,
        concurrency: 2,
        ...contentType,
        signal: t.signal,
      });
      equal(put.size, size, "size of the put");
      bytesEqual(await bytesOf(t, key), bytes, "body");
      const head = await t.provider.head(key, { signal: t.signal });
      equal(head.contentType, contentType.contentType ?? t.capabilities.defaultContentType, "content type");
      for await (const upload of t.provider.multipart.list({ prefix: t.prefix, signal: t.signal })) {
        ok(false, `the upload ${upload.uploadId} was left open`);
      }
    },
  }),
  conformanceCase({
    id: "A30",
    title: "onProgress never goes back and ends at the size",
    level: "core",
    run: async (t) => {
      const bytes = randomBytes(t.random, 700 * KIB);
      await progresses(t, "bytes", bytes, bytes.length, bytes.length);
      await progresses(t, "announced", streamOf(chunked(bytes, 32 * KIB)), bytes.length, bytes.length);
      await progresses(t, "unannounced", streamOf(chunked(bytes, 32 * KIB)), bytes.length, undefined);
    },
  }),
];

/** Puts the body and reads it back; the result of the put has to agree with both. */
async function arrives(
  t: CaseContext,
  name: string,
  body: PutBody,
  expected: Uint8Array,
  options: PutOptions = {},
): Promise<void> {
  const key = t.key(name);
  const put = await t.provider.put(key, body, { ...options, signal: t.signal });
  equal(put.key, key, `${name}: key of the put`);
  equal(put.size, expected.length, `${name}: size of the put`);
  notEqual(put.etag, "", `${name}: etag of the put`);
  await holds(t, key, expected, name);
}

async function progresses(
  t: CaseContext,
  name: string,
  body: PutBody,
  size: number,
  announced: number | undefined,
): Promise<void> {
  const seen: { readonly sentBytes: number; readonly totalBytes: number | undefined }[] = [];
  await t.provider.put(t.key(name), body, {
    contentLength: announced,
    signal: t.signal,
    onProgress: (progress) => seen.push(progress),
  });
  ok(seen.length > 0, `${name}: onProgress was never called`);
  for (const [at, { sentBytes, totalBytes }] of seen.entries()) {
    const before = seen[at - 1]?.sentBytes ?? 0;
    ok(sentBytes >= before, `${name}: progress went back from ${before} to ${sentBytes}`);
    ok(sentBytes <= size, `${name}: progress ${sentBytes} is beyond the size ${size}`);
    ok(totalBytes === undefined || totalBytes === size, `${name}: totalBytes is ${totalBytes}, the size is ${size}`);
  }
  equal(seen.at(-1)?.sentBytes, size, `${name}: the last progress`);
}

function minPartBytes(t: CaseContext): number | undefined {
  return t.capabilities.multipart === false ? undefined : t.capabilities.multipart.minPartBytes;
}
