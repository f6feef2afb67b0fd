import { createHash } from "node:crypto";
import { md5Lanes } from "@bucketferry/md5-lanes";
import type { Digests } from "../decide/compare-copies.ts";
import type { PartDigest } from "../decide/part-digest.ts";

/** One for the process: the more of its bodies are hashed together, the less each of them costs. */
const lanes = md5Lanes();

/** Of a body whose pieces stay in memory until they are hashed. */
export interface HeldDigests {
  /** Resolves when the piece may be overwritten. */
  add(piece: Uint8Array): Promise<void>;
  /** Ends it. Every piece has been added. */
  digests(): Digests;
}

export function heldDigests(needMd5: boolean): HeldDigests {
  const sha256 = createHash("sha256");
  const md5 = needMd5 ? lanes.hash() : undefined;
  let size = 0;
  return {
    async add(piece) {
      size += piece.byteLength;
      sha256.update(piece);
      await md5?.update(piece);
    },
    digests: () => ({ size, sha256: sha256.digest("hex"), md5: md5?.digest() }),
  };
}

/** Of one part, as it arrives. Hex. */
export interface RunningPartDigest {
  readonly see: (piece: Uint8Array) => void;
  /** `part` is all that was seen, in one piece. */
  end(part: Uint8Array): Promise<string>;
}

/** SHA-256 is computed while a piece is still in the processor's cache, MD5 of the whole part together with that of others. */
export function runningPartDigest(algorithm: PartDigest): RunningPartDigest {
  if (algorithm === "md5") return { see: () => undefined, end: (part) => lanes.digest(part) };
  const sha256 = createHash("sha256");
  return { see: (piece) => void sha256.update(piece), end: () => Promise.resolve(sha256.digest("hex")) };
}
