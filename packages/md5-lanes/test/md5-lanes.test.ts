import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { md5Lanes } from "../src/index.ts";

const MIB = 1024 ** 2;
const md5 = (...pieces: readonly Uint8Array[]): string => {
  const hash = createHash("md5");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
};
/** Bytes that have no period of a block's or a word's length. */
const content = (seed: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2_654_435_761 + 2 * seed) >>> 13) & 0xff);

describe("one body", () => {
  it.each([
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
    ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
  ])("%j has the digest of RFC 1321 §A.5", async (text, digest) => {
    expect(await md5Lanes().digest(Buffer.from(text))).toBe(digest);
  });

  it("has the right digest at every length around the ends of blocks", async () => {
    const lanes = md5Lanes({ patienceMs: 0 });
    const bytes = content(1, 200);
    for (let length = 0; length <= bytes.length; length += 1) {
      expect(await lanes.digest(bytes.subarray(0, length)), `${length} bytes`).toBe(md5(bytes.subarray(0, length)));
    }
  });

  it("is counted in 64 bits: one of more than 2³² bits has the right digest", async () => {
    const hash = md5Lanes({ patienceMs: 0 }).hash();
    const reference = createHash("md5");
    const piece = content(2, 8 * MIB);
    for (let i = 0; i < 65; i += 1) {
      await hash.update(piece);
      reference.update(piece);
    }
    expect(hash.digest()).toBe(reference.digest("hex"));
  });

  it("is hashed though no other comes to be hashed with it", async () => {
    const bytes = content(3, MIB);
    expect(await md5Lanes().digest(bytes)).toBe(md5(bytes));
  });
});

describe("several bodies at once", () => {
  it("have each its own digest, whatever their number and lengths, in whatever pieces they come", async () => {
    const lanes = md5Lanes({ patienceMs: 1 });
    const lengths = fc.oneof(fc.nat(200), fc.nat(5_000), fc.nat(300_000));
    const bodies = fc.array(fc.array(lengths, { maxLength: 4 }), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), async (all, oneByOne) => {
        const digests = all.map(async (pieceLengths, i) => {
          const pieces = pieceLengths.map((length, k) => content(16 * i + k, length));
          const hash = lanes.hash();
          const updates = [];
          for (const piece of pieces) {
            updates.push(hash.update(piece));
            if (oneByOne) await updates.at(-1);
          }
          await Promise.all(updates);
          expect(hash.digest()).toBe(md5(...pieces));
        });
        await Promise.all(digests);
      }),
      { numRuns: 60 },
    );
  });

  it("leave room for whatever else the process has to do", async () => {
    const lanes = md5Lanes();
    const bytes = content(4, 4 * MIB);
    let turns = 0;
    const others = setInterval(() => (turns += 1), 1);
    await Promise.all(Array.from({ length: 12 }, () => lanes.digest(bytes)));
    clearInterval(others);
    expect(turns).toBeGreaterThan(3);
  });
});

describe("a hash that is used wrongly", () => {
  it("gives no digest while bytes are waiting", async () => {
    const hash = md5Lanes().hash();
    const update = hash.update(content(5, 1_000));
    expect(() => hash.digest()).toThrow("Wait for its updates first");
    await update;
    expect(hash.digest()).toBe(md5(content(5, 1_000)));
  });

  it("takes nothing after its end, and has one end", async () => {
    const hash = md5Lanes().hash();
    hash.digest();
    await expect(hash.update(content(6, 10))).rejects.toThrow("nothing can be added");
    expect(() => hash.digest()).toThrow("has been ended before");
  });
});
