import { conformanceCase } from "../define.ts";
import { bytesEqual, collect, equal, fail, notEqual, ok, rejectsWith, show } from "../check.ts";
import { checksumOf } from "../checksums.ts";
import { chunked, concatenated, streamOf, utf8 } from "../content.ts";
import { randomBytes } from "../random.ts";
import { absent, bytesOf, holds } from "../stored.ts";
import { StorageError } from "../../errors/storage-error.ts";
import type { CaseContext, ConformanceCase, Need } from "../case.ts";
import type { ChecksumAlgorithm } from "../../contract/capabilities.ts";
import type { Checksums, GetOptions, GetResult } from "../../contract/provider.ts";
import type { Fault } from "../faults.ts";

const SIZE = 40_000;

/** All of them reach far enough into the body that an answer to a smaller question, such as a HEAD, is left alone. */
const DAMAGE_AT = 20_000;

const VERIFIED_AND_REPORTED: Need = {
  name: "an algorithm in both checksums.onPut and .reported",
  in: ({ checksums }) => checksums.onPut.some((algorithm) => checksums.reported.includes(algorithm)),
};

/** What each part can be verified by; services verify other algorithms of whole objects only, or of uploads that named them. */
const PART_ALGORITHMS = ["md5", "sha256"] as const;

const VERIFIED_OF_PARTS: Need = {
  name: "md5 or sha256 in checksums.onPut",
  in: ({ checksums }) => PART_ALGORITHMS.some((algorithm) => checksums.onPut.includes(algorithm)),
};

/** F: checksums and integrity. */
export const CHECKSUM_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "F01",
    title: "a put with the right checksum succeeds, and head reports it",
    level: "extended",
    needs: ["checksums.onPut"],
    run: async (t) => {
      const bytes = randomBytes(t.random, SIZE);
      for (const algorithm of t.capabilities.checksums.onPut) {
        const key = t.key(algorithm);
        const value = await checksumOf(algorithm, bytes);
        await t.provider.put(key, bytes, { checksum: { algorithm, value }, signal: t.signal });
        await holds(t, key, bytes, algorithm);
        await t.provider.put(t.key(`${algorithm}-stream`), streamOf(chunked(bytes, 8192)), {
          checksum: { algorithm, value },
          contentLength: bytes.length,
          signal: t.signal,
        });
        await holds(t, t.key(`${algorithm}-stream`), bytes, `${algorithm} of a stream`);
        if (!t.capabilities.checksums.reported.includes(algorithm)) continue;
        const { checksums } = await t.provider.head(key, { signal: t.signal });
        equal(checksums?.[algorithm], value, `${algorithm} that head reports`);
      }
    },
    refusal: async (t) => {
      const checksum = { algorithm: "sha256", value: await checksumOf("sha256", utf8("x")) } as const;
      await rejectsWith("Unsupported", t.provider.put(t.key("object"), "x", { checksum, signal: t.signal }), "put");
    },
  }),
  conformanceCase({
    id: "F02",
    title: "a put with the wrong checksum fails with ChecksumMismatch and changes nothing",
    level: "extended",
    needs: ["checksums.onPut"],
    run: async (t) => {
      const bytes = randomBytes(t.random, SIZE);
      for (const algorithm of t.capabilities.checksums.onPut) {
        const checksum = { algorithm, value: await checksumOf(algorithm, utf8("other bytes")) };
        const held = t.key(`held-${algorithm}`);
        await t.provider.put(held, "old", { signal: t.signal });
        for (const key of [held, t.key(`new-${algorithm}`)]) {
          const put = t.provider.put(key, bytes, { checksum, signal: t.signal });
          await rejectsWith("ChecksumMismatch", put, `put of bytes with a wrong ${algorithm}`);
          const body = streamOf(chunked(bytes, 8192));
          const stream = t.provider.put(key, body, { checksum, contentLength: bytes.length, signal: t.signal });
          await rejectsWith("ChecksumMismatch", stream, `put of a stream with a wrong ${algorithm}`);
        }
        await holds(t, held, utf8("old"), "the old object");
        await absent(t, t.key(`new-${algorithm}`), "after the refused puts");
      }
    },
    refusal: async (t) => {
      const checksum = { algorithm: "sha256", value: await checksumOf("sha256", utf8("other")) } as const;
      await rejectsWith("Unsupported", t.provider.put(t.key("object"), "x", { checksum, signal: t.signal }), "put");
    },
  }),
  conformanceCase({
    id: "F03",
    title: "a checksum of an object in parts is that of the whole, or marked as composite",
    level: "extended",
    timeoutMs: 180_000,
    needs: ["multipart", "checksums.reported"],
    run: async (t) => {
      const key = t.key("object");
      const bytes = await putInTwoParts(t, key);
      const { checksums } = await t.provider.head(key, { signal: t.signal });
      if (checksums?.type !== "composite") await provesBytes(checksums, bytes, "an object in parts");
    },
  }),
  conformanceCase({
    id: "F04",
    title: "the etag of an object in parts is never handed out as its md5",
    level: "core",
    run: async (t) => {
      const bytes = randomBytes(t.random, 1000);
      const plain = await t.provider.put(t.key("plain"), bytes, { signal: t.signal });
      await neverWrongMd5(t, t.key("plain"), plain.checksums, bytes);
      if (t.capabilities.multipart === false) return;
      const { multipart } = t.provider;
      const upload = await multipart.create(t.key("in-parts"), { signal: t.signal });
      const part = await multipart.uploadPart(upload, 1, bytes, { signal: t.signal });
      const done = await multipart.complete(upload, [part], { signal: t.signal });
      await neverWrongMd5(t, t.key("in-parts"), done.checksums, bytes);
    },
  }),
  conformanceCase({
    id: "F05",
    title: "a body with fewer bytes than announced fails with IncompleteBody, however it is read",
    level: "core",
    needs: ["remote"],
    asks: ["faults"],
    run: async (t) => {
      const bytes = await putBytes(t, "f05-object");
      const cut: Fault = { kind: "truncate", afterBytes: DAMAGE_AT, end: "cut" };
      await incompleteOrWhole(t, "f05-object", bytes, cut, {});
      if (!t.capabilities.range.bounded) return;
      // With a Content-Length made to fit, only what Content-Range and the question said tells that bytes are missing.
      const clean: Fault = { kind: "truncate", afterBytes: DAMAGE_AT, end: "clean" };
      await incompleteOrWhole(t, "f05-object", bytes, clean, { range: { offset: 0, length: SIZE } });
    },
  }),
  conformanceCase({
    id: "F06",
    title: "a body with more bytes than announced fails with IncompleteBody, however it is read",
    level: "core",
    // Of a whole object that comes with a Content-Length made to fit, nobody can tell that it is too long.
    needs: ["remote", "range.bounded"],
    asks: ["faults"],
    run: async (t) => {
      const bytes = await putBytes(t, "f06-object");
      const options = { range: { offset: 0, length: SIZE - 10 } };
      await incompleteOrWhole(t, "f06-object", bytes, { kind: "extraBytes", count: 5 }, options);
    },
  }),
  conformanceCase({
    id: "F07",
    title: "every checksum that is reported is that of the bytes that are read",
    level: "extended",
    needs: ["checksums.reported"],
    run: async (t) => {
      const bytes = randomBytes(t.random, SIZE);
      const put = await t.provider.put(t.key("plain"), bytes, { signal: t.signal });
      await provesBytes(put.checksums, bytes, "put without a checksum");
      const { onPut, reported } = t.capabilities.checksums;
      for (const algorithm of onPut.filter((one) => reported.includes(one))) {
        const checksum = { algorithm, value: await checksumOf(algorithm, bytes) };
        await t.provider.put(t.key(algorithm), bytes, { checksum, signal: t.signal });
      }
      let seen = 0;
      for (const name of ["plain", ...onPut.filter((one) => reported.includes(one))]) {
        const result = await t.provider.get(t.key(name), { signal: t.signal });
        const body = await result.bytes();
        seen += await provesBytes(result.info.checksums, body, `get of ${name}`);
        const head = await t.provider.head(t.key(name), { signal: t.signal });
        seen += await provesBytes(head.checksums, body, `head of ${name}`);
      }
      ok(seen > 0, `${reported.join(", ")} are declared as reported, but none was, even after puts with them`);
    },
  }),
  conformanceCase({
    id: "F08",
    title: "a bit that flips on the way is found: by the service on a put, by the reported checksum on a get",
    level: "stress",
    asks: ["faults"],
    needs: [VERIFIED_AND_REPORTED, "not transformsBody"],
    run: async (t) => {
      const { onPut, reported } = t.capabilities.checksums;
      const algorithm = onPut.find((one) => reported.includes(one)) ?? "sha256";
      const bytes = randomBytes(t.random, SIZE);
      const checksum = { algorithm, value: await checksumOf(algorithm, bytes) };
      const key = t.key("f08-object");
      await t.provider.put(key, bytes, { checksum, signal: t.signal });

      inject(t, "PUT", "f08-damaged", { kind: "flipRequestBit", atByte: DAMAGE_AT });
      const damaged = t.provider.put(t.key("f08-damaged"), bytes, { checksum, signal: t.signal });
      await rejectsWith("ChecksumMismatch", damaged, "put whose body was damaged");
      t.harness.faults?.clear();
      await absent(t, t.key("f08-damaged"), "after the damaged put");

      inject(t, "GET", "f08-object", { kind: "flipBit", atByte: DAMAGE_AT });
      const read = await readWhole(t, key, {});
      if (read instanceof StorageError) {
        equal(read.code, "ChecksumMismatch", "code of the failed get");
      } else {
        notEqual(
          await checksumOf(algorithm, read.bytes),
          read.result.info.checksums?.[algorithm],
          "checksum of damaged bytes",
        );
        equal(read.result.info.checksums?.[algorithm], checksum.value, "the checksum that get reports");
      }
    },
  }),
  conformanceCase({
    id: "F09",
    title: "a body that a proxy compresses on the way is never handed out in another form than stored",
    level: "core",
    needs: ["remote"],
    asks: ["faults"],
    run: async (t) => {
      const key = t.key("f09-object.txt");
      const bytes = utf8("compressible text, ".repeat(2000));
      await t.provider.put(key, bytes, {
        ...(t.capabilities.systemHeaders.contentType ? { contentType: "text/plain" } : {}),
        signal: t.signal,
      });
      for (const encoding of ["gzip", "br"] as const) {
        inject(t, "GET", "f09-object", { kind: "encode", encoding });
        const read = await readWhole(t, key, {});
        if (!(read instanceof StorageError)) {
          bytesEqual(read.bytes, bytes, `body that came with ${encoding}`);
          equal(read.result.info.size, bytes.length, `info.size beside a body that came with ${encoding}`);
        }
        t.harness.faults?.clear();
      }
      await holds(t, key, bytes, "the object without the proxy's help");
    },
  }),
  conformanceCase({
    id: "F10",
    title: "a part is held against its own md5 or sha256",
    level: "extended",
    needs: ["multipart", VERIFIED_OF_PARTS],
    timeoutMs: 180_000,
    run: async (t) => {
      const { multipart } = t.provider;
      const least = t.capabilities.multipart === false ? 0 : t.capabilities.multipart.minPartBytes;
      const bodies = [randomBytes(t.random, Math.max(least, 1000)), randomBytes(t.random, 777)];
      for (const algorithm of PART_ALGORITHMS.filter((one) => t.capabilities.checksums.onPut.includes(one))) {
        const key = t.key(`by-${algorithm}`);
        const upload = await multipart.create(key, { signal: t.signal });
        const wrong = { algorithm, value: await checksumOf(algorithm, utf8("other bytes")) };
        const refused = multipart.uploadPart(upload, 1, bodies[0] ?? "", { checksum: wrong, signal: t.signal });
        await rejectsWith("ChecksumMismatch", refused, `part with a wrong ${algorithm}`);
        equal((await multipart.listParts(upload, { signal: t.signal })).length, 0, "parts after the refused one");
        const parts = [];
        for (const [at, body] of bodies.entries()) {
          const checksum = { algorithm, value: await checksumOf(algorithm, body) };
          parts.push(await multipart.uploadPart(upload, at + 1, body, { checksum, signal: t.signal }));
        }
        await multipart.complete(upload, parts, { signal: t.signal });
        await holds(t, key, concatenated(bodies), `the object of parts with their ${algorithm}`);
      }
    },
  }),
];

async function putBytes(t: CaseContext, name: string): Promise<Uint8Array> {
  const bytes = randomBytes(t.random, SIZE);
  await t.provider.put(t.key(name), bytes, { signal: t.signal });
  return bytes;
}

/** Two parts of the smallest size and a rest. */
async function putInTwoParts(t: CaseContext, key: string): Promise<Uint8Array> {
  const { multipart } = t.provider;
  const least = t.capabilities.multipart === false ? 0 : t.capabilities.multipart.minPartBytes;
  const bodies = [randomBytes(t.random, Math.max(least, 1000)), randomBytes(t.random, 777)];
  const upload = await multipart.create(key, { signal: t.signal });
  const parts = [];
  for (const [at, body] of bodies.entries()) {
    parts.push(await multipart.uploadPart(upload, at + 1, body, { signal: t.signal }));
  }
  await multipart.complete(upload, parts, { signal: t.signal });
  const whole = concatenated(bodies);
  bytesEqual(await bytesOf(t, key), whole, "the object in parts");
  return whole;
}

/** Every checksum of the whole that is there is right; how many there were. A composite one says nothing of the bytes. */
async function provesBytes(checksums: Checksums | undefined, bytes: Uint8Array, what: string): Promise<number> {
  if (checksums === undefined || checksums.type === "composite") return 0;
  let proved = 0;
  for (const algorithm of ALGORITHMS) {
    const value = checksums[algorithm];
    if (value === undefined) continue;
    equal(value, await checksumOf(algorithm, bytes), `${algorithm} of ${what}`);
    proved += 1;
  }
  return proved;
}

const ALGORITHMS = [
  "md5",
  "sha256",
  "sha1",
  "crc32",
  "crc32c",
  "crc64nvme",
] as const satisfies readonly ChecksumAlgorithm[];

async function neverWrongMd5(
  t: CaseContext,
  key: string,
  put: Checksums | undefined,
  bytes: Uint8Array,
): Promise<void> {
  const right = await checksumOf("md5", bytes);
  const head = await t.provider.head(key, { signal: t.signal });
  const result = await t.provider.get(key, { signal: t.signal });
  await result.cancel();
  for (const [where, checksums] of [
    ["the result of the write", put],
    ["head", head.checksums],
    ["get", result.info.checksums],
  ] as const) {
    const { md5 } = checksums ?? {};
    ok(md5 === undefined || md5 === right, `${where} says that the md5 is ${show(md5)}, and it is ${right}`);
  }
}

function inject(t: CaseContext, method: string, path: string, fault: Fault): void {
  t.harness.faults?.inject({ match: { method, path }, times: Number.POSITIVE_INFINITY, fault });
}

const READERS: readonly (readonly [string, (result: GetResult) => Promise<Uint8Array>])[] = [
  ["bytes", (result) => result.bytes()],
  ["iteration", async (result) => concatenated(await collect(result))],
  ["body", async (result) => concatenated(await collect(iterableOfStream(result.body)))],
];

async function* iterableOfStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* stream;
}

/** A provider that asks again for what is missing may end with the right bytes; nothing but that or the error is right. */
async function incompleteOrWhole(
  t: CaseContext,
  name: string,
  whole: Uint8Array,
  fault: Fault,
  options: GetOptions,
): Promise<void> {
  const { range } = options;
  const expected = range !== undefined && "offset" in range ? whole.subarray(0, range.length) : whole;
  for (const [reader, readAll] of READERS) {
    inject(t, "GET", name, fault);
    let bytes: Uint8Array;
    try {
      bytes = await readAll(await t.provider.get(t.key(name), { ...options, signal: t.signal }));
    } catch (error) {
      if (!(error instanceof StorageError)) return fail(`${reader}: not a StorageError: ${show(error)}`, error);
      equal(error.code, "IncompleteBody", `${reader} of a body damaged by ${fault.kind}: code`);
      continue;
    } finally {
      t.harness.faults?.clear();
    }
    bytesEqual(bytes, expected, `${reader} of a body damaged by ${fault.kind}, which did not fail`);
  }
}

/** The whole body with its result, or the StorageError that getting or reading it ended in. */
async function readWhole(
  t: CaseContext,
  key: string,
  options: GetOptions,
): Promise<{ readonly result: GetResult; readonly bytes: Uint8Array } | StorageError> {
  try {
    const result = await t.provider.get(key, { ...options, signal: t.signal });
    return { result, bytes: await result.bytes() };
  } catch (error) {
    return error instanceof StorageError ? error : fail(`not a StorageError: ${show(error)}`, error);
  }
}
