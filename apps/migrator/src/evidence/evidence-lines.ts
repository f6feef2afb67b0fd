import type { ObjectProof, ReferenceProof } from "../decide/prove-object.ts";

/** The lines of an evidence file, as docs/evidence.md defines them. `prev` is added when they are written. */
export const EVIDENCE_FORMAT = "bucketferry-evidence/1";

export interface EvidenceHeader {
  readonly type: "header";
  readonly format: typeof EVIDENCE_FORMAT;
  readonly tool: string;
  readonly createdAt: string;
  /** Of the ledger: twelve hex digits over the routes. */
  readonly fingerprint: string;
  /** Every object was read back and hashed for this file. */
  readonly deep: boolean;
  /** In the order in which the objects follow. Identities name service, bucket and prefix, and hold no secret. */
  readonly routes: readonly { readonly name: string; readonly source: string; readonly target: string }[];
  readonly limits: readonly string[];
}

export interface EvidenceObject {
  readonly type: "object";
  readonly route: string;
  readonly key: string;
  readonly targetKey: string;
  /** Bytes. */
  readonly size: number;
  /** Of the bytes, hex; null for an object that was not copied. */
  readonly sha256: string | null;
  readonly sourceEtag: string | null;
  readonly targetEtag: string | null;
  /** When the evidence was taken, UTC; null where there is none. */
  readonly verifiedAt: string | null;
  readonly evidence: string | null;
  /** Whether the MD5 of the bytes at the target is the source's ETag; null where that was not asked, or is no MD5. */
  readonly isSourceMd5: boolean | null;
  readonly proof: ObjectProof | "skipped" | "vanished";
}

export interface EvidenceReference {
  readonly type: "reference";
  readonly table: string;
  readonly column: string;
  readonly primaryKey: Readonly<Record<string, string | number | boolean | null>>;
  /** Where in the cell: a JSON path, or the index of an array element; null where the cell is the text. */
  readonly path: string | null;
  readonly url: string;
  readonly route: string;
  readonly key: string;
  readonly sha256: string | null;
  readonly status: number | null;
  readonly proof: ReferenceProof;
}

export interface EvidenceSummary {
  readonly type: "summary";
  readonly finishedAt: string;
  /** Lines by their `proof`. */
  readonly objects: Readonly<Partial<Record<string, number>>>;
  readonly references: Readonly<Partial<Record<string, number>>>;
  readonly problems: number;
}

export type EvidenceLine = EvidenceHeader | EvidenceObject | EvidenceReference | EvidenceSummary;

/** The last line; it follows from all bytes before it, so nobody has to believe it. */
export interface EvidenceSeal {
  readonly lines: number;
  readonly root: string;
  readonly sha256: string;
}

/** Hex digits of the leaf hash before, that each line repeats: enough to say which line is not the one that was written. */
const PREV_DIGITS = 16;

export function prevOf(leafHash: Buffer): string {
  return leafHash.toString("hex").slice(0, PREV_DIGITS);
}

export function sealText(prev: string, { lines, root, sha256 }: EvidenceSeal): string {
  return JSON.stringify({ type: "seal", prev, lines, root, sha256 });
}

/** What the file does not prove; it stands in the file itself, since it travels alone. */
export const LIMITS: readonly string[] = [
  "The SHA-256 are those of the bytes that the source sent when they were copied. Whether it sent what it stores is known where isSourceMd5 is true.",
  "With evidence read-back or both-read the target's bytes were read; with all other evidence the target confirmed them when it stored them, and its listing showed the same size and ETag since.",
  "It says nothing of what happened after the times that it names; `bucketferry audit` reads the storage again.",
  "It says nothing of objects that the source did not list.",
  "It does not say who made it: compare its root with one that was kept elsewhere since.",
];
