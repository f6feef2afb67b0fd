import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** The checksums that S3 stores with objects, by the name in `x-amz-checksum-…`. */
export const CHECKSUM_ALGORITHMS = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Whether a checksum is over the bytes of the object, or over the checksums of its parts. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; a composite one ends in `-N`. */
  readonly value: string;
  readonly type: ChecksumType;
}

export interface Digest {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

/** Names in XML and in enumerations, such as `ChecksumCRC64NVME`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm.toUpperCase()}`;
}

export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm}`;
}

export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return CHECKSUM_ALGORITHMS.some((algorithm) => algorithm === name);
}

export function isChecksumValue(algorithm: ChecksumAlgorithm, base64: string): boolean {
  const bytes = Buffer.from(base64, "base64");
  return bytes.length === CHECKSUM_BYTES[algorithm] && bytes.toString("base64") === base64;
}

export function checksumDigest(algorithm: ChecksumAlgorithm): Digest {
  switch (algorithm) {
    case "sha1":
    case "sha256": {
      const hash = createHash(algorithm);
      return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
    }
    case "crc32": {
      let value = 0;
      return {
        update(chunk) {
          value = crc32(chunk, value);
        },
        digest() {
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32BE(value);
          return bytes;
        },
      };
    }
    case "crc32c":
      return tableDigest(CRC32C);
    case "crc64nvme":
      return tableDigest(CRC64NVME);
  }
}

/** A reflected CRC of up to 64 bits, its state and table split into two halves of 32 bits. */
interface Crc {
  readonly bits: 32 | 64;
  /** The reflected polynomial. */
  readonly polynomial: bigint;
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** RFC 3720, and the NVM Express NVM Command Set specification 1.0, section 5.2.1.3.4. */
const CRC32C = crcTable(32, 0x82f63b78n);
const CRC64NVME = crcTable(64, 0x9a6c9329ac4bc9b5n);
const POLYNOMIALS: Partial<Readonly<Record<ChecksumAlgorithm, { bits: 32 | 64; polynomial: bigint }>>> = {
  crc32: { bits: 32, polynomial: 0xedb88320n },
  crc32c: CRC32C,
  crc64nvme: CRC64NVME,
};

function crcTable(bits: 32 | 64, polynomial: bigint): Crc {
  const low = new Int32Array(256);
  const high = new Int32Array(256);
  for (let index = 0; index < 256; index += 1) {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) value = (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    low[index] = Number(BigInt.asIntN(32, value));
    high[index] = Number(BigInt.asIntN(32, value >> 32n));
  }
  return { bits, polynomial, low, high };
}

function tableDigest({ bits, low, high }: Crc): Digest {
  let lowState = -1;
  let highState = bits === 64 ? -1 : 0;
  return {
    update(chunk) {
      for (const byte of chunk) {
        const index = (lowState ^ byte) & 0xff;
        lowState = ((lowState >>> 8) | (highState << 24)) ^ (low[index] ?? 0);
        highState = (highState >>> 8) ^ (high[index] ?? 0);
      }
    },
    digest() {
      const bytes = Buffer.alloc(8);
      bytes.writeInt32BE(~highState, 0);
      bytes.writeInt32BE(~lowState, 4);
      return bits === 64 ? bytes : bytes.subarray(4);
    },
  };
}

/** Whether checksums of parts can be turned into one of the whole without reading the bytes again. */
export function canCombine(algorithm: ChecksumAlgorithm): boolean {
  return POLYNOMIALS[algorithm] !== undefined;
}

/**
 * The CRC of all parts one after another, from the CRC and length of each. Appending n bytes multiplies a CRC by
 * x^8n modulo its polynomial; the initial and final inversions cancel out.
 */
export function combineCrcs(
  algorithm: ChecksumAlgorithm,
  parts: readonly { readonly value: string; readonly size: number }[],
): string {
  const crc = POLYNOMIALS[algorithm];
  if (crc === undefined) throw new Error(`${algorithm} is no CRC, so parts cannot be combined.`);
  const { bits, polynomial } = crc;
  const top = 1n << BigInt(bits - 1);

  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let factor = b;
    for (let mask = top; mask > 0n; mask >>= 1n) {
      if ((a & mask) !== 0n) product ^= factor;
      factor = (factor & 1n) === 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
    }
    return product;
  };
  const powers = new Map<number, bigint>();
  // x^(8 · size): in the reflected form `top` is 1 and `top >> 8` is x^8.
  const shiftBy = (size: number): bigint => {
    const known = powers.get(size);
    if (known !== undefined) return known;
    let result = top;
    let square = top >> 8n;
    for (let rest = BigInt(size); rest > 0n; rest >>= 1n) {
      if ((rest & 1n) === 1n) result = multiply(result, square);
      square = multiply(square, square);
    }
    powers.set(size, result);
    return result;
  };

  let combined = 0n;
  for (const { value, size } of parts) {
    const part = BigInt(`0x${Buffer.from(value, "base64").toString("hex")}`);
    combined = multiply(shiftBy(size), combined) ^ part;
  }
  return Buffer.from(combined.toString(16).padStart(bits / 4, "0"), "hex").toString("base64");
}
