/** The reflected polynomial of ISO 3309, as zip, gzip and S3 use it. */
const POLYNOMIAL = 0xedb88320;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/** CRC-32 as four bytes, highest first: what S3 writes in base64. */
export function crc32(bytes: Uint8Array): Uint8Array {
  let register = 0xffffffff;
  for (const byte of bytes) register = (register >>> 8) ^ (TABLE[(register ^ byte) & 0xff] ?? 0);
  const value = ~register;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
