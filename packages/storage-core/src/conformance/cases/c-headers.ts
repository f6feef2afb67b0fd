import { conformanceCase } from "../define.ts";
import { bytesEqual, equal, ok, rejectsWith } from "../check.ts";
import { gzipped, iterableOf, utf8 } from "../content.ts";
import { absent, bytesOf } from "../stored.ts";
import { sendsNothing } from "../sends-nothing.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import type { PutBody } from "../../contract/body.ts";
import type { GetOptions, PutOptions, SystemHeaders } from "../../contract/provider.ts";

/** C01–C05 and C11: the five standard headers are kept to the letter. */
export const HEADER_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "C01",
    title: "a content type is kept exactly, with its parameters",
    level: "core",
    needs: ["systemHeaders.contentType"],
    run: async (t) => {
      for (const [at, contentType] of CONTENT_TYPES.entries()) {
        const key = t.key(`typed-${at}`);
        await t.provider.put(key, "x", { contentType, signal: t.signal });
        await keepsHeaders(t, key, { contentType });
      }
    },
    refusal: (t) => refusesHeader(t, { contentType: "text/plain" }),
  }),
  conformanceCase({
    id: "C02",
    title: "an object without a content type has the default that the capabilities name, whatever its body and name",
    level: "core",
    run: async (t) => {
      const bodies: readonly (readonly [string, PutBody])[] = [
        ["text", "plain text"],
        ["looks-like.html", "<!doctype html><title>x</title>"],
        ["looks-like.png", PNG],
        ["blob", new Blob(["x"], { type: "text/x-of-the-blob" })],
        ["iterable.json", iterableOf([utf8("{}")])],
        ["empty", ""],
      ];
      for (const [name, body] of bodies) {
        await t.provider.put(t.key(name), body, { signal: t.signal });
        const { contentType } = await t.provider.head(t.key(name), { signal: t.signal });
        equal(contentType, t.capabilities.defaultContentType, `content type of ${name}`);
      }
    },
  }),
  conformanceCase({
    id: "C03",
    title: "a content type that is given wins over what name, bytes and Blob look like",
    level: "core",
    needs: ["systemHeaders.contentType"],
    run: async (t) => {
      const contentType = "application/x-given";
      for (const [name, body] of [
        ["page.html", "<!doctype html><title>x</title>"],
        ["image.png", PNG],
        ["blob.txt", new Blob(["x"], { type: "text/x-of-the-blob" })],
      ] as const) {
        await t.provider.put(t.key(name), body, { contentType, signal: t.signal });
        await keepsHeaders(t, t.key(name), { contentType });
      }
    },
    refusal: (t) => refusesHeader(t, { contentType: "application/x-given" }),
  }),
  conformanceCase({
    id: "C04",
    title: "cache control, disposition, encoding and language are kept by head, get and copy, or refused one by one",
    level: "extended",
    run: async (t) => {
      const kept = HEADERS.filter(([name]) => t.capabilities.systemHeaders[name]);
      const body = await gzipped(utf8("the encoding is no lie"));
      for (const [name, value] of HEADERS) {
        if (t.capabilities.systemHeaders[name]) continue;
        await sendsNothing(t, () => refusesHeader(t, { [name]: value }));
      }
      const headers: SystemHeaders = Object.fromEntries(kept);
      await t.provider.put(t.key("object"), body, { ...headers, signal: t.signal });
      await keepsHeaders(t, t.key("object"), headers);
      await t.provider.copy(t.key("object"), t.key("copy"), { signal: t.signal });
      await keepsHeaders(t, t.key("copy"), headers);
      for (const [name, value] of kept) {
        await t.provider.put(t.key(`only-${name}`), body, { [name]: value, signal: t.signal });
        await keepsHeaders(t, t.key(`only-${name}`), { [name]: value });
      }
    },
  }),
  conformanceCase({
    id: "C05",
    title: "an object stored with content encoding gzip comes back as the stored bytes, not decoded",
    level: "extended",
    needs: ["systemHeaders.contentEncoding"],
    run: async (t) => {
      const key = t.key("packed.txt");
      const packed = await gzipped(utf8("packed ".repeat(500)));
      await t.provider.put(key, packed, { contentEncoding: "gzip", contentType: "text/plain", signal: t.signal });
      const result = await t.provider.get(key, { signal: t.signal });
      bytesEqual(await result.bytes(), packed, "the stored bytes");
      equal(result.info.size, packed.length, "info.size");
      equal(result.info.contentEncoding, "gzip", "info.contentEncoding");
      equal((await t.provider.head(key, { signal: t.signal })).contentEncoding, "gzip", "head");
    },
    refusal: (t) => refusesHeader(t, { contentEncoding: "gzip" }),
  }),
  conformanceCase({
    id: "C11",
    title: "a line break or NUL in any option that becomes a header is refused before any request",
    level: "core",
    run: async (t) => {
      const { provider, capabilities, signal } = t;
      const key = t.key("object");
      const upload = { key, uploadId: "an-upload" };
      await sendsNothing(t, async () => {
        for (const poison of ["x\r\nx-amz-acl: public-read", "x\ny", "x\ry", "x\0y"]) {
          for (const name of ALL_HEADERS) {
            // Where the header itself is not supported, either reason is a good one.
            const codes = capabilities.systemHeaders[name]
              ? (["InvalidArgument"] as const)
              : (["InvalidArgument", "Unsupported"] as const);
            const what = `${name} with ${JSON.stringify(poison)}`;
            const put = () => provider.put(key, "x", { [name]: poison, signal });
            await rejectsWith(codes, put, `put, ${what}`);
            const copy = () => provider.copy(key, t.key("copy"), { replace: { [name]: poison }, signal });
            await rejectsWith(codes, copy, `copy, ${what}`);
            if (capabilities.multipart === false) continue;
            const create = () => provider.multipart.create(key, { [name]: poison, signal });
            await rejectsWith(codes, create, `multipart.create, ${what}`);
          }
          for (const metadata of [{ name: poison }, { [poison]: "value" }]) {
            const what = `metadata ${JSON.stringify(metadata)}`;
            await rejectsWith("InvalidArgument", () => provider.put(key, "x", { metadata, signal }), what);
          }
          const condition: GetOptions = { ifMatch: poison, ifNoneMatch: poison };
          const get = () => provider.get(key, { ...condition, signal });
          await rejectsWith(["InvalidArgument", "Unsupported"], get, "conditions of get");
          if (capabilities.multipart === false) continue;
          const part = () =>
            provider.multipart.uploadPart(upload, 1, "x", { checksum: { algorithm: "sha256", value: poison }, signal });
          await rejectsWith(["InvalidArgument", "Unsupported"], part, "checksum of a part");
        }
      });
      await absent(t, key, "after the refused puts");
    },
  }),
];

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]);

const CONTENT_TYPES = [
  "text/plain",
  "text/plain; charset=utf-8",
  "audio/webm;codecs=opus",
  'multipart/mixed; boundary="a b"',
  "application/vnd.example+json; version=2; charset=UTF-8",
  "image/svg+xml",
];

/** Values that a service might be tempted to rewrite: quotes, several directives, a name beyond ASCII (RFC 8187). */
const HEADERS = [
  ["cacheControl", "public, max-age=31536000, immutable"],
  ["contentDisposition", "attachment; filename=\"a 'quoted' name.txt\"; filename*=UTF-8''%C3%A4%20%E2%82%AC.txt"],
  ["contentEncoding", "gzip"],
  ["contentLanguage", "de-CH, en"],
] as const satisfies readonly (readonly [keyof SystemHeaders, string])[];

const ALL_HEADERS = ["contentType", ...HEADERS.map(([name]) => name)] as const;

/** `head` and `get` give back exactly these headers. */
async function keepsHeaders(t: CaseContext, key: string, headers: SystemHeaders): Promise<void> {
  const head = await t.provider.head(key, { signal: t.signal });
  const result = await t.provider.get(key, { signal: t.signal });
  await result.cancel();
  for (const name of ALL_HEADERS) {
    if (headers[name] === undefined) continue;
    equal(head[name], headers[name], `${name} of head`);
    equal(result.info[name], headers[name], `${name} of get`);
  }
  ok((await bytesOf(t, key)).length > 0, "the object is empty");
}

async function refusesHeader(t: CaseContext, headers: SystemHeaders): Promise<void> {
  const options: PutOptions = { ...headers, signal: t.signal };
  await rejectsWith(
    "Unsupported",
    t.provider.put(t.key("refused"), "x", options),
    `put with ${JSON.stringify(headers)}`,
  );
}
