import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StorageError } from "../errors/storage-error.ts";
import { align, type Aligned } from "./align.ts";
import { compareKeys } from "./compare-keys.ts";

interface Entry {
  readonly key: string;
}

class Listing implements AsyncIterable<Entry> {
  closed = false;
  taken = 0;
  readonly #keys: readonly string[];

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Entry> {
    try {
      for (const key of this.#keys) {
        this.taken += 1;
        yield { key };
      }
    } finally {
      this.closed = true;
    }
  }
}

const keys = fc.uniqueArray(fc.string({ unit: "grapheme", maxLength: 3 }), { maxLength: 30 });

describe("align", () => {
  test("S5 says of every key on which sides it is, once, in order, for any two listings", async () => {
    await fc.assert(
      fc.asyncProperty(keys, keys, async (left, right) => {
        const [sources, targets] = [new Set(left), new Set(right)];
        const all = [...new Set([...left, ...right])].toSorted(compareKeys);
        const walked: Aligned<Entry, Entry>[] = await Array.fromAsync(
          align(new Listing(left.toSorted(compareKeys)), new Listing(right.toSorted(compareKeys))),
        );
        expect(walked.map(({ key, kind }) => [key, kind])).toEqual(
          all.map((key) => [key, !sources.has(key) ? "targetOnly" : targets.has(key) ? "both" : "sourceOnly"]),
        );
      }),
    );
  });

  test.each([
    [["b", "a"], [], "source"],
    [[], ["b", "a"], "target"],
    [["a", "a"], ["a"], "source"],
  ])("L11 refuses listings that are not sorted or have twins: %j and %j", async (left, right, side) => {
    const walk = Array.fromAsync(align(new Listing(left), new Listing(right)));
    await expect(walk).rejects.toThrow(`the ${side}'s listing is not in UTF-8 byte order`);
    await expect(walk).rejects.toBeInstanceOf(StorageError);
  });

  test("refuses an order of UTF-16 units, in which an emoji comes too early", async () => {
    await expect(Array.fromAsync(align(new Listing(["\u{1f389}", "\uffff"]), new Listing([])))).rejects.toThrow(
      "UTF-8",
    );
  });

  test("leaving the loop closes both listings, of which one entry each was taken", async () => {
    const [left, right] = [new Listing(["a", "b", "c"]), new Listing(["a", "b"])];
    for await (const { kind } of align(left, right)) {
      expect(kind).toBe("both");
      break;
    }
    expect([left.closed, right.closed, left.taken, right.taken]).toEqual([true, true, 1, 1]);
  });

  test("L9 a listing that fails ends the walk with its error and closes the other", async () => {
    const failing = {
      async *[Symbol.asyncIterator](): AsyncGenerator<Entry> {
        yield { key: "a" };
        throw new Error("the listing broke");
      },
    };
    const other = new Listing(["a", "b"]);
    await expect(Array.fromAsync(align(failing, other))).rejects.toThrow("the listing broke");
    expect(other.closed).toBe(true);
  });
});
