import type { BodySource } from "../contract/body.ts";
import type { Checksum, Checksums, Metadata, SystemHeaders } from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";
import { toBase64 } from "../hash/base64.ts";
import { crc32 } from "../hash/crc32.ts";
import { collectBytes } from "../kit/byte-chunks.ts";

/** What `head` says of an object that was put without a content type. */
const DEFAULT_CONTENT_TYPE = "application/octet-stream";

/** The bytes of a body, in memory that nobody else can write to. */
export async function ownedBytes(body: BodySource): Promise<Uint8Array<ArrayBuffer>> {
  return body.kind === "bytes"
    ? Uint8Array.from(body.bytes)
    : Uint8Array.from(await collectBytes(body.open(), body.length));
}

/** The checksums that are reported of every object. */
export async function checksumsOf(bytes: Uint8Array<ArrayBuffer>): Promise<Checksums> {
  const sha256 = toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  return { sha256, crc32: toBase64(crc32(bytes)), type: "full" };
}

export function demandChecksum(checksums: Checksums, expected: Checksum | undefined): void {
  if (expected === undefined || checksums[expected.algorithm] === expected.value) return;
  throw new StorageError("ChecksumMismatch", `the body has another ${expected.algorithm} than announced`, {
    status: 400,
  });
}

/** Only the five headers, out of options that hold more; the default type where none is given. */
export function headersOf(options: SystemHeaders): SystemHeaders {
  const {
    contentType = DEFAULT_CONTENT_TYPE,
    cacheControl,
    contentDisposition,
    contentEncoding,
    contentLanguage,
  } = options;
  return { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage };
}

export function metadataOf(metadata: Metadata | undefined): Metadata {
  return Object.freeze(Object.fromEntries(Object.entries(metadata ?? {})));
}
