import { describe, expect, it } from "vitest";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumDigest,
  combineCrcs,
  isChecksumValue,
} from "./checksums.ts";

function checksum(algorithm: ChecksumAlgorithm, ...chunks: readonly Uint8Array[]): string {
  const digest = checksumDigest(algorithm);
  for (const chunk of chunks) digest.update(chunk);
  return digest.digest().toString("base64");
}

const hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");

describe("of 123456789, the check value of the CRC catalogue (https://reveng.sourceforge.io/crc-catalogue/)", () => {
  it.each([
    ["crc32", "cbf43926"],
    ["crc32c", "e3069283"],
    ["crc64nvme", "ae8b14860a799888"],
    ["sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
    ["sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"],
  ] as const)("%s is %s", (algorithm, expected) => {
    expect(hex(checksum(algorithm, Buffer.from("123456789")))).toBe(expected);
    expect(hex(checksum(algorithm, Buffer.from("1234"), Buffer.from(""), Buffer.from("56789")))).toBe(expected);
  });
});

it.each(["crc32", "crc32c", "crc64nvme"] as const)("%s of parts combines to that of the whole", (algorithm) => {
  const parts = [Buffer.alloc(100_000, "ab"), Buffer.alloc(1, "c"), Buffer.alloc(0), Buffer.alloc(777, "xyz")];
  const combined = combineCrcs(
    algorithm,
    parts.map((part) => ({ value: checksum(algorithm, part), size: part.length })),
  );
  expect(combined).toBe(checksum(algorithm, ...parts));
});

it.each(CHECKSUM_ALGORITHMS)("%s: only base64 of the right length is a value", (algorithm) => {
  const value = checksum(algorithm, Buffer.from("x"));
  expect(isChecksumValue(algorithm, value)).toBe(true);
  expect(isChecksumValue(algorithm, `${value}A`)).toBe(false);
  expect(isChecksumValue(algorithm, value.replace("=", ""))).toBe(!value.includes("="));
  expect(isChecksumValue(algorithm, "")).toBe(false);
});
