import type { ChecksumAlgorithm } from "../contract/capabilities.ts";

/**
 * The checksum of the bytes in the notation of the contract: hex for `md5`, base64 for all others.
 *
 * Written for the suite alone, short rather than fast: an oracle must not share code with what it judges.
 */
export async function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Promise<string> {
  const digest = await DIGESTS[algorithm](Uint8Array.from(bytes));
  return algorithm === "md5" ? hex(digest) : btoa(String.fromCharCode(...digest));
}

type Digest = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>;

const DIGESTS: Readonly<Record<ChecksumAlgorithm, Digest>> = {
  md5,
  sha1: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)),
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)),
  // Polynomials in the reflected form: ISO-HDLC, Castagnoli, and the one of the NVM Express specification.
  crc32: (bytes) => crc(bytes, 32, 0xed_b8_83_20n),
  crc32c: (bytes) => crc(bytes, 32, 0x82_f6_3b_78n),
  crc64nvme: (bytes) => crc(bytes, 64, 0x9a_6c_93_29_ac_4b_c9_b5n),
};

/** A reflected cyclic redundancy check that starts from ones and is inverted at the end, as all three are. */
function crc(bytes: Uint8Array, width: 32 | 64, polynomial: bigint): Uint8Array {
  const ones = (1n << BigInt(width)) - 1n;
  const table = Array.from({ length: 256 }, (_, value) => {
    let entry = BigInt(value);
    for (let bit = 0; bit < 8; bit += 1) entry = (entry >> 1n) ^ ((entry & 1n) === 1n ? polynomial : 0n);
    return entry;
  });
  let rest = ones;
  for (const byte of bytes) rest = (rest >> 8n) ^ (table[Number(rest & 0xffn) ^ byte] ?? 0n);
  rest ^= ones;
  return Uint8Array.from({ length: width / 8 }, (_, at) => Number((rest >> BigInt(width - 8 - at * 8)) & 0xffn));
}

/** MD5 (RFC 1321); Web Crypto does not have it. */
function md5(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, (bytes.length << 3) >>> 0, true);
  view.setUint32(padded.length - 4, Math.floor(bytes.length / 2 ** 29), true);
  let [a0, b0, c0, d0] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = [a0, b0, c0, d0];
    for (let step = 0; step < 64; step += 1) {
      const [mixed, word] = round(step, b, c, d);
      const shift = MD5_SHIFTS[step >> 4]?.[step & 3] ?? 0;
      const sum =
        (a + mixed + Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32) + view.getUint32(block + word * 4, true)) | 0;
      [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    [a0, b0, c0, d0] = [(a0 + a) | 0, (b0 + b) | 0, (c0 + c) | 0, (d0 + d) | 0];
  }
  const digest = new DataView(new ArrayBuffer(16));
  for (const [at, word] of [a0, b0, c0, d0].entries()) digest.setUint32(at * 4, word >>> 0, true);
  return new Uint8Array(digest.buffer);
}

const MD5_SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];

/** The auxiliary function of a step, and which word of the block it takes in. */
function round(step: number, b: number, c: number, d: number): readonly [number, number] {
  if (step < 16) return [(b & c) | (~b & d), step];
  if (step < 32) return [(d & b) | (~d & c), (5 * step + 1) % 16];
  if (step < 48) return [b ^ c ^ d, (3 * step + 5) % 16];
  return [c ^ (b | ~d), (7 * step) % 16];
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
