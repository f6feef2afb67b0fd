import { describe, expect, test } from "vitest";
import type { Capabilities } from "../../src/contract/capabilities.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import type { StorageErrorCode } from "../../src/errors/error-codes.ts";
import { providerFrom } from "../../src/kit/provider-from.ts";
import { memory } from "../../src/memory/index.ts";
import { CAPABILITIES, fakeDriver } from "./fake-driver.ts";

type Call = (provider: StorageProvider) => Promise<unknown>;

/** A provider that can do nothing that can be missing. */
const NOTHING: Partial<Capabilities> = {
  conditionalPut: { create: false, replace: false },
  conditionalMultipart: { create: false, replace: false },
  conditionalGet: { ifMatch: false, ifNoneMatch: false, ifModifiedSince: false, ifUnmodifiedSince: false },
  conditionalHead: { ifMatch: false, ifNoneMatch: false, ifModifiedSince: false, ifUnmodifiedSince: false },
  conditionalDelete: false,
  conditionalCopy: { create: false, replace: false, source: false },
  versions: false,
  range: { bounded: false, suffix: false },
  systemHeaders: {
    contentType: false,
    cacheControl: false,
    contentDisposition: false,
    contentEncoding: false,
    contentLanguage: false,
  },
  checksums: { onPut: [], reported: [] },
  multipart: false,
  list: { ...CAPABILITIES.list, delimiter: "slash", startAfter: false },
  presign: {
    ...CAPABILITIES.presign,
    post: false,
    bindsLength: false,
    bindsType: false,
    responseOverrides: false,
  },
  publicUrl: false,
};

const upload = { key: "k", uploadId: "u" };
const SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const signed = { key: "k", expiresInSeconds: 60 } as const;

const UNSUPPORTED: Readonly<Record<string, Call>> = {
  "put ifNoneMatch": (p) => p.put("k", "", { ifNoneMatch: "*" }),
  "put ifMatch": (p) => p.put("k", "", { ifMatch: "e" }),
  "put contentType": (p) => p.put("k", "", { contentType: "text/plain" }),
  "put contentLanguage": (p) => p.put("k", "", { contentLanguage: "de" }),
  "put checksum": (p) => p.put("k", "", { checksum: { algorithm: "sha256", value: SHA256 } }),
  "get range": (p) => p.get("k", { range: { offset: 0 } }),
  "get suffix": (p) => p.get("k", { range: { suffix: 1 } }),
  "get ifMatch": (p) => p.get("k", { ifMatch: "e" }),
  "get ifModifiedSince": (p) => p.get("k", { ifModifiedSince: new Date() }),
  "get version": (p) => p.get("k", { version: "v" }),
  "head ifNoneMatch": (p) => p.head("k", { ifNoneMatch: "e" }),
  "head ifUnmodifiedSince": (p) => p.head("k", { ifUnmodifiedSince: new Date() }),
  "delete ifMatch": (p) => p.delete("k", { ifMatch: "e" }),
  "delete version": (p) => p.delete("k", { version: "v" }),
  "copy ifNoneMatch": (p) => p.copy("k", "l", { ifNoneMatch: "*" }),
  "copy sourceIfMatch": (p) => p.copy("k", "l", { sourceIfMatch: "e" }),
  "copy replace.cacheControl": (p) => p.copy("k", "l", { replace: { cacheControl: "no-store" } }),
  "copy fromBucket": (p) => p.copy("k", "l", { fromBucket: "another" }),
  "list delimiter": (p) => p.listPage({ delimiter: "-" }),
  "list startAfter": (p) => p.listPage({ startAfter: "a" }),
  "presign POST": (p) => p.presign({ ...signed, method: "POST" }),
  "presign contentType": (p) => p.presign({ ...signed, method: "PUT", contentType: "text/plain" }),
  "presign contentLength": (p) => p.presign({ ...signed, method: "PUT", contentLength: 1 }),
  "presign responseContentType": (p) => p.presign({ ...signed, method: "GET", responseContentType: "text/plain" }),
  "multipart.create": (p) => p.multipart.create("k"),
  "multipart.uploadPart": (p) => p.multipart.uploadPart(upload, 1, ""),
  "multipart.listParts": (p) => p.multipart.listParts(upload),
  "multipart.complete": (p) => p.multipart.complete(upload, []),
  "multipart.abort": (p) => p.multipart.abort(upload),
  "multipart.list": (p) => Array.fromAsync(p.multipart.list()),
  publicUrl: async (p) => p.publicUrl("k"),
};

test.each(Object.entries(UNSUPPORTED))(
  "E11 K04 J17 %s without the capability is Unsupported, and the driver is not asked",
  async (_name, call) => {
    const driver = fakeDriver({ capabilities: NOTHING });
    await expect(call(providerFrom(driver))).rejects.toMatchObject({ code: "Unsupported", provider: "fake" });
    expect(driver.calls).toEqual([]);
  },
);

test("the same conditions hold for a body that has to go in parts", async () => {
  const driver = fakeDriver({
    capabilities: { maxPutBytes: 3, conditionalMultipart: { create: false, replace: false } },
  });
  const provider = providerFrom(driver);
  await expect(provider.put("k", "abcd", { ifNoneMatch: "*" })).rejects.toMatchObject({ code: "Unsupported" });
  await expect(provider.put("k", "abcd", { ifMatch: "e" })).rejects.toMatchObject({ code: "Unsupported" });
  expect(driver.calls).toEqual([]);
  await provider.put("k", "abc", { ifNoneMatch: "*" });
});

const NOT_A_NUMBER = Number.NaN;
const INVALID: Readonly<Record<string, readonly [StorageErrorCode, Call]>> = {
  "C11 contentType with a line break": ["InvalidArgument", (p) => p.put("k", "", { contentType: "a\r\nX-Admin: 1" })],
  "C11 cacheControl with NUL": ["InvalidArgument", (p) => p.put("k", "", { cacheControl: "a\0" })],
  "C11 contentDisposition outside ASCII": [
    "InvalidArgument",
    (p) => p.put("k", "", { contentDisposition: "a; filename=ä" }),
  ],
  "C11 metadata value with a line break": ["InvalidArgument", (p) => p.put("k", "", { metadata: { a: "b\nc" } })],
  "C11 metadata name with a line break": ["InvalidArgument", (p) => p.put("k", "", { metadata: { "a\nb": "c" } })],
  "C11 contentType of copy": ["InvalidArgument", (p) => p.copy("k", "l", { replace: { contentType: "a\nb" } })],
  "C11 contentType of multipart.create": ["InvalidArgument", (p) => p.multipart.create("k", { contentType: "a\nb" })],
  "C11 contentType of presign": [
    "InvalidArgument",
    (p) => p.presign({ ...signed, method: "PUT", contentType: "a\nb" }),
  ],
  "an empty contentType": ["InvalidArgument", (p) => p.put("k", "", { contentType: "" })],
  "C07 metadata names that differ in case": [
    "InvalidArgument",
    (p) => p.put("k", "", { metadata: { Aa: "1", aA: "2" } }),
  ],
  "C08 an empty metadata name": ["InvalidArgument", (p) => p.put("k", "", { metadata: { "": "1" } })],
  "C10 metadata above the limit in bytes": [
    "InvalidArgument",
    (p) => p.put("k", "", { metadata: { a: "é".repeat(1024) } }),
  ],
  "metadata that is a number": ["InvalidArgument", (p) => p.put("k", "", { metadata: { a: 1 as unknown as string } })],
  "both conditions of a write": ["InvalidArgument", (p) => p.put("k", "", { ifMatch: "e", ifNoneMatch: "*" })],
  "E12 ifMatch *": ["InvalidArgument", (p) => p.put("k", "", { ifMatch: "*" })],
  "E12 a list of ETags": ["InvalidArgument", (p) => p.get("k", { ifNoneMatch: '"a", "b"' })],
  "E12 an empty ETag": ["InvalidArgument", (p) => p.delete("k", { ifMatch: "" })],
  "E12 sourceIfMatch *": ["InvalidArgument", (p) => p.copy("k", "l", { sourceIfMatch: "*" })],
  "a bucket that is a path": ["InvalidArgument", (p) => p.copy("k", "l", { fromBucket: "../other" })],
  "a bucket without a name": ["InvalidArgument", (p) => p.copy("k", "l", { fromBucket: "" })],
  "ifNoneMatch with an ETag on a write": ["InvalidArgument", (p) => p.put("k", "", { ifNoneMatch: "e" as "*" })],
  "an invalid date": ["InvalidArgument", (p) => p.get("k", { ifModifiedSince: new Date(NOT_A_NUMBER) })],
  "a checksum that is no base64": [
    "InvalidArgument",
    (p) => p.put("k", "", { checksum: { algorithm: "sha256", value: "abc" } }),
  ],
  "an unknown checksum": [
    "InvalidArgument",
    (p) => p.put("k", "", { checksum: { algorithm: "sha512" as "sha256", value: "" } }),
  ],
  "a checksum the service does not verify": [
    "Unsupported",
    (p) => p.put("k", "", { checksum: { algorithm: "crc32c", value: "AAAAAA==" } }),
  ],
  "a negative contentLength": ["InvalidArgument", (p) => p.put("k", "", { contentLength: -1 })],
  "a partSizeBytes of 0": ["InvalidArgument", (p) => p.put("k", "", { partSizeBytes: 0 })],
  "D06 a negative offset": ["InvalidArgument", (p) => p.get("k", { range: { offset: -1 } })],
  "D06 a length of 0": ["InvalidArgument", (p) => p.get("k", { range: { offset: 0, length: 0 } })],
  "D06 half a byte": ["InvalidArgument", (p) => p.get("k", { range: { offset: 0.5 } })],
  "D03 a suffix of 0": ["InvalidArgument", (p) => p.get("k", { range: { suffix: 0 } })],
  "D06 both forms of a range": ["InvalidArgument", (p) => p.get("k", { range: { suffix: 1, offset: 1 } })],
  "D06 no form of a range": ["InvalidArgument", (p) => p.get("k", { range: {} as { suffix: number } })],
  "an empty version": ["InvalidArgument", (p) => p.get("k", { version: "" })],
  "H07 a limit of 0": ["InvalidArgument", (p) => p.listPage({ limit: 0 })],
  "H07 a negative limit": ["InvalidArgument", (p) => p.listPage({ limit: -1 })],
  "H08 an empty cursor": ["InvalidArgument", (p) => p.listPage({ cursor: "" })],
  "half a surrogate pair in a prefix": ["InvalidArgument", (p) => Array.fromAsync(p.list({ prefix: "\ud800" }))],
  "J15 no lifetime": ["InvalidArgument", (p) => p.presign({ ...signed, method: "GET", expiresInSeconds: 0 })],
  "J15 a negative lifetime": ["InvalidArgument", (p) => p.presign({ ...signed, method: "GET", expiresInSeconds: -1 })],
  "J15 too long a lifetime": [
    "InvalidArgument",
    (p) => p.presign({ ...signed, method: "GET", expiresInSeconds: 604_801 }),
  ],
  "a method that cannot be signed": ["InvalidArgument", (p) => p.presign({ ...signed, method: "PATCH" as "PUT" })],
  "maxSizeBytes of a PUT": ["InvalidArgument", (p) => p.presign({ ...signed, method: "PUT", maxSizeBytes: 1 })],
  "responseContentType of a PUT": [
    "InvalidArgument",
    (p) => p.presign({ ...signed, method: "PUT", responseContentType: "a/b" }),
  ],
  "part number 0": ["InvalidArgument", (p) => p.multipart.uploadPart(upload, 0, "")],
  "part number 10001": ["InvalidArgument", (p) => p.multipart.uploadPart(upload, 10_001, "")],
  "an empty upload id": ["InvalidArgument", (p) => p.multipart.listParts({ key: "k", uploadId: "" })],
  "K07 no parts": ["InvalidArgument", (p) => p.multipart.complete(upload, [])],
  "a part twice": [
    "InvalidArgument",
    (p) =>
      p.multipart.complete(upload, [
        { partNumber: 1, etag: "a" },
        { partNumber: 1, etag: "b" },
      ]),
  ],
  "G10 a string for keys": ["InvalidArgument", (p) => Array.fromAsync(p.deleteMany("abc"))],
  "B11 an empty key of put": ["InvalidKey", (p) => p.put("", "")],
  "B11 an empty key of get": ["InvalidKey", (p) => p.get("")],
  "B11 an empty key of head": ["InvalidKey", (p) => p.head("")],
  "B11 an empty key of exists": ["InvalidKey", (p) => p.exists("")],
  "B11 an empty key of delete": ["InvalidKey", (p) => p.delete("")],
  "B11 an empty source of copy": ["InvalidKey", (p) => p.copy("", "l")],
  "B11 an empty destination of copy": ["InvalidKey", (p) => p.copy("k", "")],
  "B11 an empty key of presign": ["InvalidKey", (p) => p.presign({ ...signed, key: "", method: "GET" })],
  "B11 an empty key of publicUrl": ["InvalidKey", async (p) => p.publicUrl("")],
  "B11 an empty key of multipart.create": ["InvalidKey", (p) => p.multipart.create("")],
  "B11 an empty key of an upload": ["InvalidKey", (p) => p.multipart.abort({ key: "", uploadId: "u" })],
};

test.each(Object.entries(INVALID))("%s is refused, and the driver is not asked", async (_name, [code, call]) => {
  const driver = fakeDriver();
  await expect(call(providerFrom(driver))).rejects.toMatchObject({ code, provider: "fake" });
  expect(driver.calls).toEqual([]);
});

test("ASCII-only values where the service says so: anything else is refused rather than damaged", async () => {
  const driver = fakeDriver({ capabilities: { metadata: { ...CAPABILITIES.metadata, values: "ascii" } } });
  const provider = providerFrom(driver);
  for (const value of ["ä", " a", "a ", "🎉"]) {
    await expect(provider.put("k", "", { metadata: { a: value } })).rejects.toMatchObject({ code: "InvalidArgument" });
  }
  await provider.put("k", "", { metadata: { a: "b  c", empty: "" } });
  expect(driver.calls).toHaveLength(1);
});

describe("what a driver gets", () => {
  test("C06 metadata names in lower case, also one that is called like a property of objects", async () => {
    const driver = fakeDriver();
    await providerFrom(driver).put("k", "", {
      metadata: JSON.parse('{"X-Foo":"1","__proto__":"2"}') as Record<string, string>,
    });
    const [, , , options] = driver.calls[0] ?? [];
    expect(Object.entries((options as { metadata: object }).metadata)).toEqual([
      ["x-foo", "1"],
      ["__proto__", "2"],
    ]);
  });

  test("E12 ETags without quotes, the mark of a weak one kept", async () => {
    const driver = fakeDriver();
    const provider = providerFrom(driver);
    await provider.get("k", { ifMatch: '"e"' });
    await provider.put("k", "", { ifMatch: 'W/"e"' });
    await provider.copy("k", "l", { sourceIfMatch: '"s"', ifMatch: '"d"' });
    expect(driver.calls[0]?.[2]).toMatchObject({ ifMatch: "e" });
    expect(driver.calls[1]?.[3]).toMatchObject({ ifMatch: "W/e" });
    expect(driver.calls[2]?.[3]).toMatchObject({ sourceIfMatch: "s", ifMatch: "d" });
  });

  test("another bucket's name, and no name when it is the driver's own", async () => {
    const driver = fakeDriver({ capabilities: { serverSideCopy: { maxBytes: 1, crossBucket: true } } });
    const provider = providerFrom(driver);
    await provider.copy("k", "l", { fromBucket: "another" });
    await provider.copy("k", "l", { fromBucket: driver.bucket });
    expect(driver.calls.map((call) => call[3])).toMatchObject([{ fromBucket: "another" }, { fromBucket: undefined }]);
  });

  test("a limit, always, and never above its page size; empty options as none", async () => {
    const driver = fakeDriver({ capabilities: { list: { ...CAPABILITIES.list, pageSize: 7 } } });
    const provider = providerFrom(driver);
    await provider.listPage({ prefix: "", delimiter: "", startAfter: "" });
    await provider.listPage({ limit: 3 });
    await provider.listPage({ limit: 100 });
    expect(driver.calls.map(([, options]) => (options as { limit: number }).limit)).toEqual([7, 3, 7]);
    expect(driver.calls[0]?.[1]).toMatchObject({ prefix: undefined, delimiter: undefined, startAfter: undefined });
  });

  test("K02 parts in order of their numbers", async () => {
    const provider = memory({ minPartBytes: 1 });
    const begun = await provider.multipart.create("k");
    const second = await provider.multipart.uploadPart(begun, 2, "b");
    const first = await provider.multipart.uploadPart(begun, 1, "a");
    await provider.multipart.complete(begun, [second, { ...first, etag: `"${first.etag}"` }]);
    expect(await (await provider.get("k")).text()).toBe("ab");
  });
});

test("N04 capabilities are frozen to their leaves", () => {
  const { capabilities } = memory();
  expect(Object.isFrozen(capabilities)).toBe(true);
  expect(Object.isFrozen(capabilities.presign)).toBe(true);
  expect(Object.isFrozen(capabilities.checksums.onPut)).toBe(true);
});
