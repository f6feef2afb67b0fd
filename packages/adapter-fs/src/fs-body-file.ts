import { createHash, randomUUID, type Hash } from "node:crypto";
import { closeSync, fstatSync, open as openByNumber, openSync, writeSync, type BigIntStats } from "node:fs";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { StorageError } from "@bucketferry/storage-core";
import type { BodySource, Checksum, ChecksumAlgorithm } from "@bucketferry/storage-core/provider";
import { hasCode } from "./fs-errors.ts";
import type { FsLayout } from "./fs-layout.ts";
import { requireRoot } from "./fs-root.ts";
import { SMALL_FILE_BYTES } from "./fs-small-files.ts";

const openFile = promisify(openByNumber);

/** A body in a file of a temporary name, whole and checked, not yet anybody's object, nor for certain on the disk. */
export interface BodyFile {
  readonly path: string;
  readonly stats: BigIntStats;
  /** Base64. */
  readonly sha256: string;
}

export interface WriteBodyOptions {
  readonly checksum?: Checksum | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For a key that no object has: then nothing that waits for the disk is near its file. */
  readonly isNew?: boolean | undefined;
}

/** Writes the body to a file of its own; nothing is left of it when that fails. */
export async function writeBodyFile(layout: FsLayout, body: BodySource, options: WriteBodyOptions): Promise<BodyFile> {
  const small = body.kind === "bytes" && body.bytes.byteLength <= SMALL_FILE_BYTES ? body.bytes : undefined;
  const folder = small !== undefined && options.isNew === true ? layout.temporaryNew : layout.temporary;
  const path = join(folder, randomUUID());
  try {
    return small === undefined
      ? await writeLarge(layout, path, body, options)
      : await writeSmall(layout, path, small, options);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function writeSmall(layout: FsLayout, path: string, bytes: Uint8Array, options: WriteBodyOptions) {
  options.signal?.throwIfAborted();
  const digest = checkedDigest(options.checksum);
  digest.update(bytes);
  const sha256 = digest.end();
  const file = await withFolder(layout, path, () =>
    options.isNew === true ? openSync(path, "wx") : openFile(path, "wx"),
  );
  try {
    for (let written = 0; written < bytes.byteLength;) written += writeSync(file, bytes, written);
    return { path, stats: fstatSync(file, { bigint: true }), sha256 };
  } finally {
    closeSync(file);
  }
}

async function writeLarge(layout: FsLayout, path: string, body: BodySource, options: WriteBodyOptions) {
  const file = await withFolder(layout, path, () => open(path, "wx"));
  try {
    const sha256 = await fill(file, body, options);
    return { path, stats: await file.stat({ bigint: true }), sha256 };
  } finally {
    await file.close();
  }
}

/** The folder of temporary files is made with the first of them; the directory itself by `ensureBucket` alone. */
async function withFolder<Opened>(layout: FsLayout, path: string, opening: () => Opened): Promise<Awaited<Opened>> {
  try {
    return await opening();
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    await requireRoot(layout);
    await mkdir(dirname(path), { recursive: true });
    return await opening();
  }
}

async function fill(file: FileHandle, body: BodySource, { checksum, signal }: WriteBodyOptions): Promise<string> {
  const digest = checkedDigest(checksum);
  for await (const chunk of body.kind === "bytes" ? [body.bytes] : body.open()) {
    signal?.throwIfAborted();
    digest.update(chunk);
    await writeAll(file, chunk);
  }
  return digest.end();
}

/** SHA-256 of a body in base64; also what was announced of it, when that is another. */
function checkedDigest(checksum: Checksum | undefined): { update(chunk: Uint8Array): void; end(): string } {
  const sha256 = createHash("sha256");
  const asked = checksum === undefined || checksum.algorithm === "sha256" ? undefined : digester(checksum.algorithm);
  return {
    update(chunk) {
      sha256.update(chunk);
      asked?.update(chunk);
    },
    end() {
      const digest = sha256.digest("base64");
      if (checksum !== undefined && (asked?.value() ?? digest) !== checksum.value) {
        throw new StorageError(
          "ChecksumMismatch",
          `the body's ${checksum.algorithm} is not the one that was announced`,
        );
      }
      return digest;
    },
  };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength;) {
    written += (await file.write(chunk, written)).bytesWritten;
  }
}

interface Digester {
  update(chunk: Uint8Array): void;
  value(): string;
}

function digester(algorithm: ChecksumAlgorithm): Digester {
  if (algorithm === "crc32") return crc32Digester();
  const hash: Hash = createHash(algorithm);
  return {
    update: (chunk) => void hash.update(chunk),
    value: () => hash.digest(algorithm === "md5" ? "hex" : "base64"),
  };
}

/** S3 writes a CRC32 as the base64 of its four bytes, most significant first. */
function crc32Digester(): Digester {
  let crc = 0;
  return {
    update(chunk) {
      crc = crc32(chunk, crc);
    },
    value() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      return bytes.toString("base64");
    },
  };
}
