import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { checksumOf } from "./checksums.ts";
import { utf8 } from "./content.ts";
import { randomBytes, seededRandom } from "./random.ts";

test("md5, sha1, sha256 and crc32 agree with Node for every length around the blocks", async () => {
  const random = seededRandom("checksums");
  for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000]) {
    const bytes = randomBytes(random, length);
    expect(await checksumOf("md5", bytes)).toBe(createHash("md5").update(bytes).digest("hex"));
    expect(await checksumOf("sha1", bytes)).toBe(createHash("sha1").update(bytes).digest("base64"));
    expect(await checksumOf("sha256", bytes)).toBe(createHash("sha256").update(bytes).digest("base64"));
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(bytes));
    expect(await checksumOf("crc32", bytes)).toBe(crc.toString("base64"));
  }
});

test("crc32c and crc64nvme give the check values of their specifications", async () => {
  // The catalogue of parametrised CRC algorithms lists these for the nine digits.
  const digits = utf8("123456789");
  expect(await checksumOf("crc32c", digits)).toBe(Buffer.from("e3069283", "hex").toString("base64"));
  expect(await checksumOf("crc64nvme", digits)).toBe(Buffer.from("ae8b14860a799888", "hex").toString("base64"));
});
