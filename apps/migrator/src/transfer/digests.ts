import { createHash, hash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Capabilities, Checksum } from "@bucketferry/storage-core";
import { base64OfHex, type Digests } from "../decide/compare-copies.ts";

/** Of a body that is in memory as a whole. */
export function digestBytes(bytes: Uint8Array, needMd5: boolean): Digests {
  return {
    size: bytes.byteLength,
    sha256: hash("sha256", bytes, "hex"),
    md5: needMd5 ? hash("md5", bytes, "hex") : undefined,
  };
}

/** Of a body that passes by. */
export interface RunningDigests {
  readonly update: (chunk: Uint8Array) => void;
  /** The same up to here; from here on each goes its own way. */
  fork(): RunningDigests;
  /** Ends it. */
  digests(): Digests;
}

export function runningDigests(needMd5: boolean): RunningDigests {
  return digestsFrom(createHash("sha256"), needMd5 ? createHash("md5") : undefined, 0);
}

function digestsFrom(sha256: Hash, md5: Hash | undefined, startSize: number): RunningDigests {
  let size = startSize;
  return {
    update(chunk) {
      size += chunk.byteLength;
      sha256.update(chunk);
      md5?.update(chunk);
    },
    fork: () => digestsFrom(sha256.copy(), md5?.copy(), size),
    digests: () => ({ size, sha256: sha256.digest("hex"), md5: md5?.digest("hex") }),
  };
}

/**
 * The checksum that the target verifies while it stores a body that is in memory: the strongest that is known already, or else
 * the strongest there is; undefined when it verifies none that Node computes.
 */
export function checksumFor(
  bytes: Uint8Array,
  { sha256, md5 }: Partial<Pick<Digests, "sha256" | "md5">>,
  target: Pick<Capabilities, "checksums">,
): Checksum | undefined {
  const offered = target.checksums.onPut;
  if (offered.includes("sha256") && sha256 !== undefined) return { algorithm: "sha256", value: base64OfHex(sha256) };
  if (offered.includes("md5") && md5 !== undefined) return { algorithm: "md5", value: md5 };
  if (offered.includes("sha256")) return { algorithm: "sha256", value: hash("sha256", bytes, "base64") };
  if (offered.includes("md5")) return { algorithm: "md5", value: hash("md5", bytes, "hex") };
  if (offered.includes("sha1")) return { algorithm: "sha1", value: hash("sha1", bytes, "base64") };
  if (offered.includes("crc32")) return { algorithm: "crc32", value: base64OfUint32(crc32(bytes)) };
  return undefined;
}

/** Whether `checksumFor` finds one for this target. */
export function verifiesOnPut({ checksums }: Pick<Capabilities, "checksums">): boolean {
  return (["sha256", "md5", "sha1", "crc32"] as const).some((algorithm) => checksums.onPut.includes(algorithm));
}

function base64OfUint32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
}
