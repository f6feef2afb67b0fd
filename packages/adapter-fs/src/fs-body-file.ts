import { createHash, randomUUID, type Hash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { StorageError } from "@bucketferry/storage-core";
import type { BodySource, Checksum, ChecksumAlgorithm } from "@bucketferry/storage-core/provider";
import type { FsLayout } from "./fs-layout.ts";

/** A body on disk under a temporary name, whole and checked, not yet anybody's object. */
export interface BodyFile {
  readonly path: string;
  readonly stats: BigIntStats;
  /** Base64. */
  readonly sha256: string;
}

export interface WriteBodyOptions {
  readonly checksum?: Checksum | undefined;
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the body to a file of its own; nothing is left of it when that fails. */
export async function writeBodyFile(layout: FsLayout, body: BodySource, options: WriteBodyOptions): Promise<BodyFile> {
  await mkdir(layout.temporary, { recursive: true });
  const path = join(layout.temporary, randomUUID());
  try {
    const file = await open(path, "wx");
    try {
      const sha256 = await fill(file, body, options);
      if (options.durable) await file.datasync();
      return { path, stats: await file.stat({ bigint: true }), sha256 };
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function fill(file: FileHandle, body: BodySource, { checksum, signal }: WriteBodyOptions): Promise<string> {
  const sha256 = createHash("sha256");
  const asked = checksum === undefined || checksum.algorithm === "sha256" ? undefined : digester(checksum.algorithm);
  for await (const chunk of body.kind === "bytes" ? [body.bytes] : body.open()) {
    signal?.throwIfAborted();
    sha256.update(chunk);
    asked?.update(chunk);
    await writeAll(file, chunk);
  }
  const digest = sha256.digest("base64");
  if (checksum !== undefined && (asked?.value() ?? digest) !== checksum.value) {
    throw new StorageError("ChecksumMismatch", `the body's ${checksum.algorithm} is not the one that was announced`);
  }
  return digest;
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
