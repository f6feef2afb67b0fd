import { createHash } from "node:crypto";
import { crc32 as nodeCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64Url, toBase64, toBase64Url } from "./base64.ts";
import { crc32 } from "./crc32.ts";
import { sha256 } from "./sha256.ts";

test("sha256 fed in any pieces is what node:crypto says of the whole", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (pieces) => {
      const hash = sha256();
      const expected = createHash("sha256");
      for (const piece of pieces) {
        hash.update(piece);
        expected.update(piece);
      }
      expect(toBase64(hash.digest())).toBe(expected.digest("base64"));
    }),
    { numRuns: 500 },
  );
});

test("sha256 pads every length around a block's end", () => {
  for (let length = 0; length <= 130; length += 1) {
    const bytes = new Uint8Array(length).fill(length);
    const hash = sha256();
    hash.update(bytes);
    expect(toBase64(hash.digest())).toBe(createHash("sha256").update(bytes).digest("base64"));
  }
});

test("crc32 is zlib's, highest byte first", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(new DataView(crc32(bytes).buffer).getUint32(0)).toBe(nodeCrc32(bytes));
    }),
  );
});

test("base64 for URLs comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(toBase64Url(bytes)).toMatch(/^[\w-]*$/);
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }),
  );
});
