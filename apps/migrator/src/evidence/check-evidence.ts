import { createHash } from "node:crypto";
import { compareKeys } from "@bucketferry/storage-core";
import { EvidenceError } from "./evidence-error.ts";
import {
  prevOf,
  sealText,
  type EvidenceHeader,
  type EvidenceLine,
  type EvidenceObject,
  type EvidenceSummary,
} from "./evidence-lines.ts";
import { merkleTree, type InclusionProof } from "./merkle-tree.ts";
import { isRecord, parseLine } from "./parse-line.ts";
import { rawLines, type RawLine } from "./raw-lines.ts";

/** What is known of an evidence file that is whole and as it was written. */
export interface CheckedEvidence {
  readonly header: EvidenceHeader;
  readonly summary: EvidenceSummary;
  /** Hex. */
  readonly root: string;
  /** Of the whole file, hex. */
  readonly sha256: string;
  readonly lines: number;
  /** Of the first object that was looked for. */
  readonly found: (InclusionProof & { readonly object: EvidenceObject }) | undefined;
  /** How many objects fit what was looked for. */
  readonly matches: number;
}

export interface CheckEvidenceOptions {
  readonly signal: AbortSignal;
  /** An object whose inclusion proof is wanted. */
  readonly wanted?: ((object: EvidenceObject) => boolean) | undefined;
}

/**
 * Reads an evidence file to its end and checks all that it says of itself: each line's shape, the chain from line to line, the
 * order of the objects, the counts, the Merkle root and the digest. One line is in memory, and a few hashes.
 *
 * @throws EvidenceError for the first line that is not as it was written
 */
export async function checkEvidence(path: string, { signal, wanted }: CheckEvidenceOptions): Promise<CheckedEvidence> {
  const tree = merkleTree();
  const digest = createHash("sha256");
  const rules = lineRules();
  let found: { readonly leaf: Buffer; readonly object: EvidenceObject } | undefined;
  let matches = 0;
  /** The line before, whose bytes nothing has confirmed yet. */
  let open: { readonly raw: RawLine; readonly prev: string; readonly value: unknown } | undefined;
  /** A line that does not know the one before it: which of the two is the wrong one, the next line tells. */
  let doubt: { readonly before: RawLine; readonly raw: RawLine; readonly prev: string } | undefined;
  let seal: { readonly raw: RawLine; readonly expected: string } | undefined;

  const close = (): void => {
    if (open !== undefined) rules.take(open.value, open.raw);
  };
  for await (const page of rawLines(path, signal)) {
    for (const raw of page) {
      if (seal !== undefined)
        throw new EvidenceError(raw.number, raw.offset, "stands behind the seal, which is the last line");
      const value = jsonOf(raw);
      const prev = isRecord(value) ? value["prev"] : undefined;
      if (doubt !== undefined) {
        // Whoever is right about its successor was written like this; then the one before it is not.
        throw prev === doubt.prev ? changed(doubt.before) : changed(doubt.raw);
      }
      const isSeal = isRecord(value) && value["type"] === "seal";
      if (isSeal) {
        const root = tree.root().toString("hex");
        const sha256 = digest.copy().digest("hex");
        const expected = sealText(open?.prev ?? "", { lines: tree.size, root, sha256 });
        if (expected !== raw.bytes.toString("utf8")) {
          const sameBefore = value["root"] === root || value["sha256"] === sha256;
          throw sameBefore || open === undefined ? changed(raw) : changed(open.raw);
        }
        close();
        rules.end(raw);
        seal = { raw, expected };
        digest.update(raw.bytes).update("\n");
        continue;
      }
      const isWanted = wanted !== undefined && isObject(value) && wanted(value);
      const hash = tree.add(raw.bytes, isWanted && matches === 0);
      if (isWanted) {
        if (matches === 0) found = { leaf: Buffer.from(raw.bytes), object: value };
        matches++;
      }
      digest.update(raw.bytes).update("\n");
      if (open !== undefined && prev !== open.prev) doubt = { before: open.raw, raw, prev: prevOf(hash) };
      else close();
      open = { raw, prev: prevOf(hash), value };
    }
  }
  if (seal === undefined) {
    const line = open?.raw ?? { number: 1, offset: 0 };
    throw new EvidenceError(line.number, line.offset, "is the last one and no seal: the end of the file is missing");
  }
  const root = tree.root();
  const inclusion = tree.inclusion();
  return {
    ...rules.result(),
    root: root.toString("hex"),
    sha256: digest.digest("hex"),
    lines: tree.size + 1,
    found: found && inclusion && { ...found, ...inclusion, treeSize: tree.size, root },
    matches,
  };
}

function changed({ number, offset }: RawLine): EvidenceError {
  return new EvidenceError(
    number,
    offset,
    "is not what it was when the file was written, or a line after it is missing",
  );
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function jsonOf({ bytes, number, offset }: RawLine): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes)) as unknown;
  } catch {
    throw new EvidenceError(number, offset, "is no JSON");
  }
}

function isObject(value: unknown): value is EvidenceObject {
  return isRecord(value) && value["type"] === "object" && typeof value["key"] === "string";
}

/** What has to hold from line to line: header, objects by route and key, references, summary with the right counts. */
function lineRules() {
  const ORDER = ["header", "object", "reference", "summary"] as const;
  const counts = { object: new Map<string, number>(), reference: new Map<string, number>() };
  let stage = -1;
  let header: EvidenceHeader | undefined;
  let summary: EvidenceSummary | undefined;
  let last: { readonly route: number; readonly key: string } | undefined;

  const refuse = ({ number, offset }: RawLine, problem: string): never => {
    throw new EvidenceError(number, offset, problem);
  };
  const takeObject = (object: EvidenceObject, raw: RawLine): void => {
    const route = header?.routes.findIndex(({ name }) => name === object.route) ?? -1;
    if (route === -1) refuse(raw, `is of a route that the header does not name: ${JSON.stringify(object.route)}`);
    const inOrder =
      last === undefined || route > last.route || (route === last.route && compareKeys(object.targetKey, last.key) > 0);
    if (!inOrder)
      refuse(raw, `is out of order: ${JSON.stringify(object.targetKey)} does not come after the key before it`);
    last = { route, key: object.targetKey };
  };
  const takeSummary = (found: EvidenceSummary, raw: RawLine): void => {
    for (const [kind, said] of [
      ["object", found.objects],
      ["reference", found.references],
    ] as const) {
      for (const proof of new Set([...counts[kind].keys(), ...Object.keys(said)])) {
        const counted = counts[kind].get(proof) ?? 0;
        if (counted !== (said[proof] ?? 0)) {
          refuse(raw, `counts ${said[proof] ?? 0} ${kind}s as ${proof}, and the file has ${counted}`);
        }
      }
    }
    summary = found;
  };

  return {
    take(value: unknown, raw: RawLine): void {
      const parsed = parseLine(value);
      if ("problem" in parsed) return refuse(raw, parsed.problem);
      const { line }: { readonly line: EvidenceLine } = parsed;
      const at = ORDER.indexOf(line.type);
      const isFirst = stage === -1;
      if (isFirst !== (line.type === "header") || at < stage || stage === 3) {
        return refuse(raw, `is a ${line.type} where none can be`);
      }
      stage = at;
      if (line.type === "header") header = line;
      if (line.type === "object") takeObject(line, raw);
      if (line.type === "object" || line.type === "reference") {
        counts[line.type].set(line.proof, (counts[line.type].get(line.proof) ?? 0) + 1);
      }
      if (line.type === "summary") takeSummary(line, raw);
    },
    /** Before the seal. */
    end(raw: RawLine): void {
      if (stage !== 3) refuse(raw, "is the seal, and no summary stands before it");
    },
    result(): { readonly header: EvidenceHeader; readonly summary: EvidenceSummary } {
      if (header === undefined || summary === undefined) throw new Error("the rules were asked before the end");
      return { header, summary };
    },
  };
}

/** The objects of a file that was checked, in its order, many at a time. */
export async function* evidenceObjects(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<readonly EvidenceObject[], void, undefined> {
  for await (const page of rawLines(path, signal)) {
    yield page.flatMap((raw) => {
      const value = jsonOf(raw);
      return isObject(value) ? [value] : [];
    });
  }
}
