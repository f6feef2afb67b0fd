import type { ObjectEntry } from "@bucketferry/storage-core";
import { compareKeys } from "@bucketferry/storage-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folderObjects } from "./folder-objects.ts";
import { keyTwins, plainForm } from "./key-twins.ts";
import { lockStep, type SortedSide } from "./lock-step.ts";
import { sortOnDisk } from "./sort-on-disk.ts";

const keys = fc.uniqueArray(
  fc.string({ unit: "binary", minLength: 1, maxLength: 4 }).filter((key) => key.isWellFormed() && !key.includes("\0")),
);
const side = (items: readonly string[], name = "test"): SortedSide<string> => ({
  name,
  // Pages of any length, empty ones among them.
  pages: (async function* () {
    for (let at = 0, length = 0; at < items.length; at += length, length = (length + 1) % 4)
      yield items.slice(at, at + length);
  })(),
  keyOf: (item) => item,
});

describe("lock step", () => {
  it("S16 gives every key once, in byte order, with the sides that have it; repeated entries count once", async () => {
    await fc.assert(
      fc.asyncProperty(keys, keys, keys, async (a, b, c) => {
        const sorted = (list: string[]) => list.flatMap((key) => [key, key]).sort(compareKeys);
        const steps = await Array.fromAsync(lockStep(side(sorted(a)), side(sorted(b)), side(sorted(c))));
        expect(steps.map((step) => step.key)).toEqual([...new Set([...a, ...b, ...c])].sort(compareKeys));
        for (const step of steps) {
          expect(step.a).toBe(a.includes(step.key) ? step.key : undefined);
          expect(step.b).toBe(b.includes(step.key) ? step.key : undefined);
          expect(step.c).toBe(c.includes(step.key) ? step.key : undefined);
        }
      }),
    );
  });

  it("refuses a side that is not in byte order, and names it", async () => {
    const walk = Array.fromAsync(lockStep(side(["b", "a"], "the target"), side([])));
    await expect(walk).rejects.toMatchObject({
      code: "ListingOutOfOrder",
      message: expect.stringContaining("the target"),
    });
  });

  it("ends the iterations of all sides when it is left early", async () => {
    let ended = false;
    const endless: SortedSide<string> = {
      name: "endless",
      keyOf: (item) => item,
      pages: (async function* () {
        try {
          for (let i = 0; ; i++) yield [String(i).padStart(9, "0")];
        } finally {
          ended = true;
        }
      })(),
    };
    for await (const step of lockStep(endless, side(["x"]))) {
      if (step.key > "000000003") break;
    }
    expect(ended).toBe(true);
  });
});

it("L9 sorting on disk gives the same entries in byte order, each key once", async () => {
  await fc.assert(
    fc.asyncProperty(keys, async (unsorted) => {
      const entries = unsorted.map((key, i): ObjectEntry => ({
        type: "object",
        key,
        size: i,
        etag: `e${i}`,
        lastModified: new Date(i),
      }));
      const input = (async function* () {
        yield entries;
        yield [];
        yield entries.toReversed();
      })();
      const sorted = await Array.fromAsync(sortOnDisk(input, new AbortController().signal));
      expect(sorted.flat()).toEqual([...entries].sort((one, other) => compareKeys(one.key, other.key)));
    }),
    { numRuns: 30 },
  );
});

it("finds the object that is a folder of another one, also with other keys between them", () => {
  const folderOf = folderObjects();
  const sorted = ["a", "a-1", "a.txt", "a/b", "a/b/c", "a0", "b/c"];
  expect(sorted.map((key) => folderOf(key))).toEqual([undefined, undefined, undefined, "a", "a", undefined, undefined]);
});

describe("twins", () => {
  const twinsOf = async (all: readonly string[]): Promise<string[][]> => {
    const twins = await keyTwins();
    for (const key of all) twins.add(key);
    const present = async (asked: readonly string[]) => new Set(asked.filter((key) => all.includes(key)));
    const groups = await Array.fromAsync(twins.groups(present), (group) => [...group].sort());
    twins.close();
    return groups;
  };

  it("S5 are keys that differ in case or in Unicode form only", async () => {
    expect(await twinsOf(["a.png", "A.png", "b.png", "é.mp3", "e\u0301.mp3", "C.png"])).toEqual([
      ["A.png", "a.png"],
      ["e\u0301.mp3", "é.mp3"],
    ]);
  });

  it("S5 are found completely: the groups are those of comparing every key with every other", async () => {
    const letters = fc.stringMatching(/^[aAbBéÉ]{1,2}$/).chain((text) => fc.constantFrom(text, text.normalize("NFD")));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(letters, { maxLength: 12 }), async (all) => {
        const expected = [...Map.groupBy(all, plainForm).values()]
          .filter((group) => group.length > 1)
          .map((group) => [...group].sort());
        const groups = await twinsOf(all);
        const order = (one: string[], other: string[]) => (one.join() < other.join() ? -1 : 1);
        expect(groups.sort(order)).toEqual(expected.sort(order));
      }),
      { numRuns: 40 },
    );
  });
});
