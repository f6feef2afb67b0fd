/** A hash that is fed piece by piece, so that what is hashed need not fit into memory. */
export interface IncrementalHash {
  update(bytes: Uint8Array): void;
  /** Once, at the end. */
  digest(): Uint8Array;
}

const BLOCK_BYTES = 64;

/** FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = Int32Array.from(firstPrimes(64), (prime) => fractionBits(Math.cbrt(prime)));
/** §5.3.3: the same of the square roots of the first eight. */
const INITIAL_STATE = Int32Array.from(firstPrimes(8), (prime) => fractionBits(Math.sqrt(prime)));

/**
 * SHA-256 (FIPS 180-4) in plain JavaScript: WebCrypto has no hash that can be fed in pieces, and this package runs wherever the
 * web's standards do. On a server, `node:crypto` is many times faster; whoever hashes much passes it in.
 */
export function sha256(): IncrementalHash {
  const state = Int32Array.from(INITIAL_STATE);
  const block = new Uint8Array(BLOCK_BYTES);
  const schedule = new Int32Array(64);
  let filled = 0;
  let total = 0;

  const update = (bytes: Uint8Array): void => {
    total += bytes.byteLength;
    let offset = 0;
    while (offset < bytes.byteLength) {
      if (filled === 0 && bytes.byteLength - offset >= BLOCK_BYTES) {
        compress(state, schedule, bytes, offset);
        offset += BLOCK_BYTES;
        continue;
      }
      const taken = Math.min(BLOCK_BYTES - filled, bytes.byteLength - offset);
      block.set(bytes.subarray(offset, offset + taken), filled);
      filled += taken;
      offset += taken;
      if (filled === BLOCK_BYTES) {
        compress(state, schedule, block, 0);
        filled = 0;
      }
    }
  };

  return {
    update,
    digest() {
      const bits = BigInt(total) * 8n;
      // A one bit, zeros up to 8 bytes before the end of a block, the length in bits.
      const padding = new Uint8Array(((BLOCK_BYTES + 55 - (total % BLOCK_BYTES)) % BLOCK_BYTES) + 9);
      padding[0] = 0x80;
      new DataView(padding.buffer).setBigUint64(padding.byteLength - 8, bits);
      update(padding);
      const digest = new Uint8Array(32);
      const view = new DataView(digest.buffer);
      state.forEach((word, index) => view.setInt32(index * 4, word));
      return digest;
    },
  };
}

/** §6.2.2, on one block. */
function compress(state: Int32Array, w: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let t = 0; t < 16; t += 1) {
    const at = offset + t * 4;
    w[t] = (at0(bytes, at) << 24) | (at0(bytes, at + 1) << 16) | (at0(bytes, at + 2) << 8) | at0(bytes, at + 3);
  }
  for (let t = 16; t < 64; t += 1) {
    const near = at0(w, t - 2);
    const far = at0(w, t - 15);
    const sigma1 = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10);
    const sigma0 = rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3);
    w[t] = (sigma1 + at0(w, t - 7) + sigma0 + at0(w, t - 16)) | 0;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t += 1) {
    const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + sum1 + choice + at0(ROUND_CONSTANTS, t) + at0(w, t)) | 0;
    const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sum0 + majority) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = at0(state, index) + word;
  });
}

function at0(words: Int32Array | Uint8Array, index: number): number {
  return words[index] ?? 0;
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function firstPrimes(count: number): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

function fractionBits(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}
