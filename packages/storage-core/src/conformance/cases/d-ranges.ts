import { conformanceCase } from "../define.ts";
import { bytesEqual, equal, rejectsWith, show } from "../check.ts";
import { concatenated } from "../content.ts";
import { NO_ONES_ETAG } from "../etags.ts";
import { inParallel } from "../in-parallel.ts";
import { randomBytes, randomInteger } from "../random.ts";
import { sendsNothing } from "../sends-nothing.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import type { ByteRange, GetOptions } from "../../contract/provider.ts";

const SIZE = 10_000;

/** D: ranges and streaming reads. */
export const RANGE_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "D01",
    title: "ranges at the start, in the middle and of the last byte give exactly these bytes",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, SIZE);
      for (const [offset, length] of [
        [0, 100],
        [0, 1],
        [1234, 567],
        [SIZE - 1, 1],
        [SIZE - 100, 100],
        [0, SIZE],
      ] as const) {
        await serves(t, bytes, { offset, length }, { offset, length });
      }
    },
    refusal: (t) => refusesRange(t, { offset: 0, length: 10 }),
  }),
  conformanceCase({
    id: "D02",
    title: "an offset without a length reads to the end",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, SIZE);
      for (const offset of [0, 1, 5000, SIZE - 1])
        await serves(t, bytes, { offset }, { offset, length: SIZE - offset });
    },
    refusal: (t) => refusesRange(t, { offset: 10 }),
  }),
  conformanceCase({
    id: "D03",
    title: "a suffix gives the last bytes, one longer than the object the whole; suffix 0 is an InvalidArgument",
    level: "extended",
    needs: ["range.suffix"],
    run: async (t) => {
      const bytes = await putBytes(t, SIZE);
      for (const suffix of [1, 100, SIZE - 1, SIZE]) {
        await serves(t, bytes, { suffix }, { offset: SIZE - suffix, length: suffix });
      }
      for (const suffix of [SIZE + 1, SIZE * 10]) await serves(t, bytes, { suffix }, { offset: 0, length: SIZE });
      await sendsNothing(t, async () => {
        for (const suffix of [0, -1, 1.5, Number.NaN]) await fails(t, { suffix }, "InvalidArgument");
      });
    },
    refusal: (t) => refusesRange(t, { suffix: 10 }),
  }),
  conformanceCase({
    id: "D04",
    title: "a range that reaches past the end is cut to the end, and the served range says so",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, SIZE);
      for (const [offset, length] of [
        [SIZE - 10, 11],
        [SIZE - 10, 1_000_000],
        [0, SIZE + 1],
        [0, Number.MAX_SAFE_INTEGER],
        [SIZE - 1, 2],
      ] as const) {
        await serves(t, bytes, { offset, length }, { offset, length: SIZE - offset });
      }
    },
  }),
  conformanceCase({
    id: "D05",
    title: "a range that starts at the end or beyond it fails with InvalidRange",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      await putBytes(t, SIZE);
      for (const offset of [SIZE, SIZE + 1, SIZE * 1000]) {
        await fails(t, { offset }, "InvalidRange");
        await fails(t, { offset, length: 1 }, "InvalidRange");
      }
    },
  }),
  conformanceCase({
    id: "D06",
    title: "a negative offset, a zero or negative length and anything but whole numbers are an InvalidArgument",
    level: "core",
    run: async (t) => {
      await putBytes(t, 10);
      await sendsNothing(t, async () => {
        for (const bad of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
          await fails(t, { offset: bad }, "InvalidArgument");
          await fails(t, { offset: 0, length: bad }, "InvalidArgument");
        }
        await fails(t, { offset: 0, length: 0 }, "InvalidArgument");
      });
    },
  }),
  conformanceCase({
    id: "D07",
    title: "info.size of a ranged get is the size of the whole object, and the rest of info is that of head",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      await putBytes(t, SIZE);
      const head = await t.provider.head(t.key("object"), { signal: t.signal });
      const ranges: readonly ByteRange[] = [
        { offset: 10, length: 5 },
        { offset: SIZE - 1 },
        { offset: 0, length: SIZE * 2 },
      ];
      for (const range of ranges) {
        const result = await t.provider.get(t.key("object"), { range, signal: t.signal });
        await result.cancel();
        equal(result.info.size, SIZE, `info.size beside ${show(range)}`);
        equal([result.info.key, result.info.etag], [head.key, head.etag], `key and etag beside ${show(range)}`);
        equal(result.info.contentType, head.contentType, `content type beside ${show(range)}`);
      }
    },
  }),
  conformanceCase({
    id: "D08",
    title: "any range of an empty object fails with InvalidRange; the whole of it is empty",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, 0);
      await fails(t, { offset: 0 }, "InvalidRange");
      await fails(t, { offset: 0, length: 1 }, "InvalidRange");
      await fails(t, { offset: 7, length: 1 }, "InvalidRange");
      if (t.capabilities.range.suffix) await fails(t, { suffix: 5 }, "InvalidRange");
      await serves(t, bytes, undefined, { offset: 0, length: 0 });
    },
  }),
  conformanceCase({
    id: "D09",
    title: "consecutive ranges, split at random, add up to the whole",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, 70_001);
      for (let round = 0; round < 3; round += 1) {
        const pieces: Uint8Array[] = [];
        for (let offset = 0; offset < bytes.length;) {
          const length = randomInteger(t.random, 1, 20_000);
          const result = await t.provider.get(t.key("object"), { range: { offset, length }, signal: t.signal });
          const piece = await result.bytes();
          equal(result.range, { offset, length: piece.length }, "the served range");
          pieces.push(piece);
          offset += piece.length;
        }
        bytesEqual(concatenated(pieces), bytes, "the pieces together");
      }
    },
  }),
  conformanceCase({
    id: "D10",
    title: "parallel ranges of one object do not disturb each other",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, 500_000);
      const ranges = Array.from({ length: 16 }, () => {
        const offset = randomInteger(t.random, 0, bytes.length - 1);
        return { offset, length: randomInteger(t.random, 1, bytes.length - offset) };
      });
      await inParallel(16, ranges, (range) => serves(t, bytes, range, range));
      await inParallel(16, ranges, (range) => arrivesIn(t, bytes, range));
    },
  }),
  conformanceCase({
    id: "D11",
    title: "a ranged get heeds its condition: the range when it holds, the condition's error when it does not",
    level: "core",
    needs: ["range.bounded"],
    run: async (t) => {
      const bytes = await putBytes(t, SIZE);
      const { conditionalGet } = t.capabilities;
      const { etag } = await t.provider.head(t.key("object"), { signal: t.signal });
      const range = { offset: 100, length: 50 };
      if (conditionalGet.ifMatch) {
        await serves(t, bytes, range, range, { ifMatch: etag });
        await fails(t, range, "PreconditionFailed", { ifMatch: NO_ONES_ETAG });
      } else {
        await sendsNothing(t, () => fails(t, range, "Unsupported", { ifMatch: etag }));
      }
      if (conditionalGet.ifNoneMatch) {
        await serves(t, bytes, range, range, { ifNoneMatch: NO_ONES_ETAG });
        await fails(t, range, "NotModified", { ifNoneMatch: etag });
      } else {
        await sendsNothing(t, () => fails(t, range, "Unsupported", { ifNoneMatch: etag }));
      }
    },
  }),
];

async function putBytes(t: CaseContext, size: number): Promise<Uint8Array> {
  const bytes = randomBytes(t.random, size);
  await t.provider.put(t.key("object"), bytes, { signal: t.signal });
  return bytes;
}

/** The get gives these bytes, says that it served this range, and names the size of the whole. */
async function serves(
  t: CaseContext,
  whole: Uint8Array,
  range: ByteRange | undefined,
  served: { readonly offset: number; readonly length: number },
  options: GetOptions = {},
): Promise<void> {
  const result = await t.provider.get(t.key("object"), { ...options, range, signal: t.signal });
  const what = show(range ?? "the whole");
  bytesEqual(await result.bytes(), whole.subarray(served.offset, served.offset + served.length), what);
  equal(result.range, served, `the served range of ${what}`);
  equal(result.info.size, whole.length, `info.size beside ${what}`);
}

/** Memory of the caller's own holds the range in the end, whether the provider has written into it or not. */
async function arrivesIn(
  t: CaseContext,
  whole: Uint8Array,
  range: { readonly offset: number; readonly length: number },
): Promise<void> {
  const memory = new Uint8Array(range.length + 10);
  const result = await t.provider.get(t.key("object"), { range, into: memory, signal: t.signal });
  let filled = 0;
  for await (const piece of result) {
    const isThere = piece.buffer === memory.buffer && piece.byteOffset === memory.byteOffset + filled;
    if (!isThere) memory.set(piece, filled);
    filled += piece.byteLength;
  }
  bytesEqual(memory.subarray(0, filled), whole.subarray(range.offset, range.offset + range.length), show(range));
  bytesEqual(memory.subarray(range.length), new Uint8Array(10), `the memory behind ${show(range)}`);
}

async function fails(
  t: CaseContext,
  range: ByteRange,
  code: "InvalidRange" | "InvalidArgument" | "PreconditionFailed" | "NotModified" | "Unsupported",
  options: GetOptions = {},
): Promise<void> {
  await rejectsWith(code, () => t.provider.get(t.key("object"), { ...options, range, signal: t.signal }), show(range));
}

async function refusesRange(t: CaseContext, range: ByteRange): Promise<void> {
  await fails(t, range, "Unsupported");
}
