import type { ObjectInfo } from "../contract/provider.ts";
import { equal, ok } from "./check.ts";

/** Dates of HTTP have whole seconds, listings often milliseconds; the same instant may differ by this much. */
const SAME_INSTANT_MS = 2000;

/** Two answers tell the same of one object. Checksums count where both tell one. */
export function sameInfo(actual: ObjectInfo, expected: ObjectInfo, what: string): void {
  for (const name of FIELDS) equal(actual[name], expected[name], `${what}: ${name}`);
  sameInstant(actual.lastModified, expected.lastModified, `${what}: lastModified`);
  for (const [algorithm, value] of Object.entries(actual.checksums ?? {})) {
    const other: unknown = Object.entries(expected.checksums ?? {}).find(([name]) => name === algorithm)?.[1];
    if (other !== undefined) equal<unknown>(value, other, `${what}: checksum ${algorithm}`);
  }
}

export function sameInstant(actual: Date, expected: Date, what: string): void {
  const apart = Math.abs(actual.getTime() - expected.getTime());
  ok(apart <= SAME_INSTANT_MS, `${what}: ${show(actual)} and ${show(expected)} are not the same instant`);
}

const FIELDS = [
  "key",
  "size",
  "etag",
  "version",
  "contentType",
  "cacheControl",
  "contentDisposition",
  "contentEncoding",
  "contentLanguage",
  "metadata",
] as const satisfies readonly (keyof ObjectInfo)[];

function show(date: Date): string {
  return Number.isNaN(date.getTime()) ? "an invalid date" : date.toISOString();
}
