import { conformanceCase } from "../define.ts";
import { equal, rejectsWith, show } from "../check.ts";
import { utf8 } from "../content.ts";
import { inParallel } from "../in-parallel.ts";
import { everyOperationRefuses } from "../key-operations.ts";
import { brokenKeyRule } from "../key-rules.ts";
import {
  KEYS_AT_ONCE,
  leadsNowhere,
  refusedByEveryOperation,
  sortedByRule,
  storedOrRefused,
  throughEveryOperation,
} from "../key-round-trip.ts";
import { listedKeys, textOf } from "../objects.ts";
import { holds } from "../stored.ts";
import { WEIRD_NAMES, weirdNamesOf } from "../weird-keys.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { CONFINEMENT_CASES } from "./b-confinement.ts";

/** The longest key that any provider may take, in bytes of UTF-8: S3's limit. */
const LONGEST_KEY_BYTES = 1024;

/** A case that is nothing but its names. */
function namesCase(id: string, title: string, more?: (t: CaseContext) => Promise<void>): ConformanceCase {
  return conformanceCase({
    id,
    title,
    level: "core",
    run: async (t) => {
      await storedOrRefused(t, weirdNamesOf(id));
      await more?.(t);
    },
  });
}

/** B: keys. Every one is stored byte for byte or refused with InvalidKey before any request. */
export const KEY_CASES: readonly ConformanceCase[] = [
  namesCase("B01", "nested keys are stored exactly", (t) => leadsNowhere(t, ["a", "a/b", "c.txt"])),
  namesCase("B02", "spaces at the start, at the end and doubled are kept", (t) =>
    leadsNowhere(t, ["my+file.txt", "my%20file.txt", "leading.txt", "trailing", "two spaces.txt", "folder/file"]),
  ),
  namesCase("B03", "plus, percent and escape sequences are literal and not reachable by their decoded names", (t) =>
    leadsNowhere(t, ["a b.txt", "a c.txt", "a/d.txt", "a%e.txt", "100.txt", "a"]),
  ),
  namesCase("B04", "punctuation is literal", (t) => leadsNowhere(t, ["p", "q", "f", "p/q.txt"])),
  namesCase(
    "B05",
    "emoji, CJK, right-to-left and combining marks are kept, NFC and NFD as two objects where the provider says so",
  ),
  conformanceCase({
    id: "B06",
    title: "keys that differ in case are two objects, or one where the provider says so",
    level: "core",
    run: async (t) => {
      const { provider, signal } = t;
      for (const name of ["Case.txt", "case.txt", "CASE.TXT"]) await provider.put(t.key(name), name, { signal });
      const listed = await listedKeys(t);
      if (!t.capabilities.keys.caseSensitive) {
        equal(listed.length, 1, "number of objects");
        equal(await textOf(t, t.key("case.txt")), "CASE.TXT", "content, whatever the case of the key");
        return;
      }
      equal(listed.length, 3, "number of objects");
      for (const name of ["Case.txt", "case.txt", "CASE.TXT"]) equal(await textOf(t, t.key(name)), name, name);
      await provider.delete(t.key("case.txt"), { signal });
      equal((await listedKeys(t)).length, 2, "number of objects after the delete of one");
    },
  }),
  namesCase("B07", "double, leading and trailing slashes are kept or refused, never collapsed", async (t) => {
    await leadsNowhere(t, [
      "double/slash.txt",
      "triple/slash.txt",
      "triple//slash.txt",
      "trailing-slash",
      "two-trailing/",
    ]);
    await leadingSlash(t);
  }),
  namesCase("B08", "dot segments are kept or refused, and never lead anywhere else", async (t) => {
    await leadsNowhere(t, ["dot/file.txt", "file.txt", "up/file.txt", "dot-end", "up-end", "dots/file.txt"]);
    await bareDots(t);
  }),
  namesCase("B09", "control characters and NUL are kept or refused"),
  conformanceCase({
    id: "B10",
    title: "half of a surrogate pair is refused with InvalidKey by every operation",
    level: "core",
    run: async (t) => {
      for (const name of ["\ud83d", "a\udc00b", "\ude00\ud83d"])
        await everyOperationRefuses(t, t.key(name), show(name));
    },
  }),
  conformanceCase({
    id: "B11",
    title: "the empty key is refused with InvalidKey by every operation",
    level: "core",
    run: (t) => everyOperationRefuses(t, "", "the empty key"),
  }),
  conformanceCase({
    id: "B12",
    title: "a key of the longest length is stored, one byte more is refused, and so are 1025 bytes",
    level: "core",
    run: async (t) => {
      const { maxBytes, maxSegmentBytes } = t.capabilities.keys;
      const longest = keyOfBytes(t, Math.min(maxBytes, LONGEST_KEY_BYTES), "x");
      await t.provider.put(longest, "long", { signal: t.signal });
      await holds(t, longest, utf8("long"), "the longest key");
      equal(await listedKeys(t), [longest], "listing");
      await everyOperationRefuses(t, keyOfBytes(t, maxBytes + 1, "x"), `a key of ${maxBytes + 1} bytes`);
      await everyOperationRefuses(t, keyOfBytes(t, LONGEST_KEY_BYTES + 1, "x"), "a key of 1025 bytes");
      if (t.prefix.length + maxSegmentBytes + 1 > maxBytes) return;
      const segment = t.key("s".repeat(maxSegmentBytes));
      await t.provider.put(segment, "segment", { signal: t.signal });
      await holds(t, segment, utf8("segment"), "the longest segment");
      await everyOperationRefuses(t, `${segment}s`, `a segment of ${maxSegmentBytes + 1} bytes`);
    },
  }),
  conformanceCase({
    id: "B13",
    title: "the length of a key is counted in bytes of UTF-8, not in characters",
    level: "core",
    run: async (t) => {
      const { maxBytes } = t.capabilities.keys;
      const most = Math.min(maxBytes, LONGEST_KEY_BYTES);
      for (const character of ["é", "漢", "🎉"]) {
        const longest = keyOfBytes(t, most, character);
        if (brokenKeyRule(longest, t.capabilities.keys) === undefined) {
          await t.provider.put(longest, character, { signal: t.signal });
          await holds(t, longest, utf8(character), `the longest key of ${character}`);
        } else {
          await everyOperationRefuses(t, longest, `a key of ${character}`);
        }
        await everyOperationRefuses(t, `${longest}${character}`, `a key one ${character} too long`);
      }
    },
  }),
  namesCase("B14", "dots at the end and many extensions are kept", (t) =>
    leadsNowhere(t, ["name", "dump.json", "dump.json.gz"]),
  ),
  conformanceCase({
    id: "B15",
    title: "an object can live beside a folder of its name, or the second one is refused with InvalidKey",
    level: "core",
    run: async (t) => {
      await besideFolder(t, ["first", "first/below"]);
      await besideFolder(t, ["second/below/deep", "second/below", "second"]);
    },
  }),
  conformanceCase({
    id: "B16",
    title: "names that a store could use for itself are refused, or kept apart from the objects they belong to",
    level: "core",
    run: async (t) => {
      const { provider, capabilities, signal } = t;
      const key = t.key("object");
      const metadata = capabilities.metadata.maxBytes > 0 ? { color: "red" } : {};
      await provider.put(key, "the object", { ...(capabilities.metadata.maxBytes > 0 ? { metadata } : {}), signal });
      const stored: string[] = [];
      for (const name of SIDE_CARS) {
        if (brokenKeyRule(t.key(name), capabilities.keys) !== undefined) {
          await everyOperationRefuses(t, t.key(name), name);
          continue;
        }
        await provider.put(t.key(name), `content of ${name}`, { signal });
        stored.push(t.key(name));
      }
      await holds(t, key, utf8("the object"), "the object beside its side-cars' names");
      equal((await provider.head(key, { signal })).metadata, metadata, "metadata of the object");
      equal((await listedKeys(t)).toSorted(), [key, ...stored].toSorted(), "listing");
      await provider.delete(key, { signal });
      for (const name of SIDE_CARS.filter((one) => stored.includes(t.key(one)))) {
        equal(await textOf(t, t.key(name)), `content of ${name}`, `${name} after the delete of the object`);
      }
      equal((await listedKeys(t)).toSorted(), stored.toSorted(), "listing after the delete of the object");
    },
  }),
  namesCase("B17", "hidden names are kept", async (t) => {
    // Some services keep this name for themselves, but only ever as an empty object.
    const key = t.key("folder-of-nothing/.emptyFolderPlaceholder");
    if (brokenKeyRule(key, t.capabilities.keys) !== undefined) return everyOperationRefuses(t, key, key);
    await t.provider.put(key, "", { signal: t.signal });
    await holds(t, key, new Uint8Array(0), "the placeholder of an empty folder");
    equal((await listedKeys(t)).includes(key), true, "whether the listing holds the placeholder");
  }),
  conformanceCase({
    id: "B18",
    title: "every weird key goes through every operation: head, list, copy, delete, signed and public URLs",
    level: "core",
    timeoutMs: 300_000,
    run: async (t) => {
      const { allowed, refused } = sortedByRule(t, WEIRD_NAMES);
      for (const weird of refused) await refusedByEveryOperation(t, weird);
      await inParallel(KEYS_AT_ONCE, allowed, (weird) => throughEveryOperation(t, weird));
    },
  }),
  ...CONFINEMENT_CASES,
  namesCase("B20", "digits, single characters and the names of object properties are ordinary keys", (t) =>
    leadsNowhere(t, ["valueOf", "isPrototypeOf", "__defineGetter__", "length", "1", "y", "false"]),
  ),
];

const SIDE_CARS = [
  "object.meta",
  "object.meta.json",
  "object.metadata",
  "object.info",
  "object.json",
  "object.tmp",
  "object.part",
  "object.lock",
  ".object.meta",
  ".meta/object",
  ".metadata/object.json",
  ".uploads/object",
  ".tmp/object",
  ".bucketferry/object",
  "object#meta",
  "object@v1",
  "object~",
];

/** A key of so many bytes of UTF-8 under the prefix, made of this character, in segments of at most 200 bytes. */
function keyOfBytes(t: CaseContext, bytes: number, character: string): string {
  const width = utf8(character).length;
  const perSegment = Math.floor(200 / width);
  let key = t.prefix;
  let left = bytes - t.prefix.length;
  while (left >= width + 1 + 200) {
    key += `${character.repeat(perSegment)}/`;
    left -= perSegment * width + 1;
  }
  if (left > 200) {
    const half = Math.floor(left / 2 / width);
    key += `${character.repeat(half)}/`;
    left -= half * width + 1;
  }
  // Whatever does not divide is made up with single bytes at the start of the last segment.
  return key + "p".repeat(left % width) + character.repeat(Math.floor(left / width));
}

async function leadingSlash(t: CaseContext): Promise<void> {
  const { provider, signal } = t;
  const plain = t.key("lead.txt");
  const slashed = `/${plain}`;
  if (brokenKeyRule(slashed, t.capabilities.keys) !== undefined) {
    return everyOperationRefuses(t, slashed, "a leading slash");
  }
  t.afterwards(() => provider.delete(slashed));
  await provider.put(slashed, "with a slash", { signal });
  equal(await provider.exists(plain, { signal }), false, "exists of the key without the slash");
  await provider.put(plain, "without", { signal });
  equal(await textOf(t, slashed), "with a slash", "content under the leading slash");
  equal(await listedKeys(t, `/${t.prefix}`), [slashed], "listing under the leading slash");
  await provider.delete(slashed, { signal });
  equal(await textOf(t, plain), "without", "the key without the slash, after the delete of the other");
}

/** Nothing but dots: clients that resolve them would ask for the bucket, for all buckets, or for a file outside the root. */
async function bareDots(t: CaseContext): Promise<void> {
  for (const key of [".", "..", "../", "../..", "./..", "../../../../etc/passwd"]) {
    const broken = brokenKeyRule(key, t.capabilities.keys);
    const code = broken === undefined ? "NotFound" : "InvalidKey";
    await rejectsWith(code, t.provider.get(key, { signal: t.signal }), `get of ${key}`);
    await rejectsWith(code, t.provider.head(key, { signal: t.signal }), `head of ${key}`);
  }
}

/** Puts the names one after another; each lives beside the others, or is refused and leaves the others alone. */
async function besideFolder(t: CaseContext, names: readonly string[]): Promise<void> {
  const { provider, signal } = t;
  const living: string[] = [];
  for (const name of names) {
    const put = provider.put(t.key(name), name, { signal });
    if (living.length === 0 || t.capabilities.keys.objectBesideFolder) {
      await put;
      living.push(name);
    } else {
      await rejectsWith("InvalidKey", put, `put of ${name} beside ${living.join(" and ")}`);
    }
    for (const one of living) equal(await textOf(t, t.key(one)), one, `content of ${one} after the put of ${name}`);
  }
  const [first, ...rest] = living;
  if (first === undefined) return;
  await provider.delete(t.key(first), { signal });
  for (const one of rest) equal(await textOf(t, t.key(one)), one, `content of ${one} after the delete of ${first}`);
}
