import { failures } from "./api-error.ts";

/** Decimal, not binary: 1MB is 1,000,000 bytes. */
const BYTES_PER_UNIT: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };
const SIZE = /^(\d+(?:\.\d+)?)(b|kb|mb|gb)$/i;

/** Bytes of a `file_size_limit`: a number, or text such as `1.5MB`. */
export function parseFileSize(value: number | string): number {
  if (typeof value === "number") return value;
  const [, amount, unit] = SIZE.exec(value) ?? [];
  if (amount === undefined || unit === undefined) {
    throw failures.invalidRequest("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B");
  }
  return Math.floor(Number(amount) * (BYTES_PER_UNIT[unit.toLowerCase()] ?? 1));
}
