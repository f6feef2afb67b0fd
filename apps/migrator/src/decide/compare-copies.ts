import type { Evidence } from "@bucketferry/ledger";
import type { ObjectInfo } from "@bucketferry/storage-core";

/** What is known of bytes that were read from the source. Hex. */
export interface Digests {
  readonly size: number;
  readonly sha256: string;
  readonly md5: string | undefined;
}

export type Comparison =
  | { readonly verdict: "equal"; readonly evidence: Evidence }
  | { readonly verdict: "different" }
  /** Only reading the bytes can tell. */
  | { readonly verdict: "unknown" };

/**
 * Whether an object at the target holds these bytes, from what the target says about it.
 *
 * | size | SHA-256 of the whole | ETag is MD5-like | verdict |
 * | --- | --- | --- | --- |
 * | differs | | | different |
 * | equal | equal / differs | | equal / different |
 * | equal | none | equals our MD5 | equal |
 * | equal | none | differs, or no MD5 | unknown: an ETag of 32 digits need not be an MD5 (S6) |
 */
export function compareCopies(ours: Digests, theirs: Pick<ObjectInfo, "size" | "etag" | "checksums">): Comparison {
  if (theirs.size !== ours.size) return { verdict: "different" };
  const { checksums } = theirs;
  if (checksums?.sha256 !== undefined && checksums.type !== "composite") {
    return checksums.sha256 === base64OfHex(ours.sha256)
      ? { verdict: "equal", evidence: "stored-checksum" }
      : { verdict: "different" };
  }
  if (ours.md5 !== undefined && looksLikeMd5(theirs.etag) && theirs.etag.toLowerCase() === ours.md5) {
    return { verdict: "equal", evidence: "stored-md5" };
  }
  return { verdict: "unknown" };
}

/** An ETag that may be an MD5; one of an upload in parts (`…-7`) never is. */
export function looksLikeMd5(etag: string | null | undefined): etag is string {
  return etag !== null && etag !== undefined && /^[0-9a-f]{32}$/i.test(etag);
}

export function base64OfHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
