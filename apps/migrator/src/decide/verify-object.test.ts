import { emptyFacts, type ObjectRecord, type ObjectState } from "@bucketferry/ledger";
import { describe, expect, it } from "vitest";
import type { ListedObject } from "./plan-object.ts";
import { judgeRead, verifyObject, type ReadInput, type VerifyDepth } from "./verify-object.ts";

const MD5 = "5d41402abc4b2a76b9719d911017c592";
const record = (facts: Partial<ObjectRecord> = {}): ObjectRecord => ({
  ...emptyFacts(),
  route: "r",
  key: "k",
  targetKey: "k",
  updatedAt: 0,
  state: "copied",
  size: 10,
  etag: "s1",
  sha256: "aa",
  targetSize: 10,
  targetEtag: "t1",
  ...facts,
});
const SOURCE: ListedObject = { size: 10, etag: "s1" };
const OURS: ListedObject = { size: 10, etag: "t1" };
const OTHER: ListedObject = { size: 10, etag: "t9" };
const CHANGED: ListedObject = { size: 10, etag: "s2" };
const PUT = record({ evidence: "put-checksum" });
const BARE = record();
const inState = (state: ObjectState): ObjectRecord => record({ state, targetSize: null, targetEtag: null });

type Case = readonly [
  ListedObject | undefined,
  ListedObject | undefined,
  ObjectRecord | undefined,
  string,
  string,
  string,
];

/** What the decision comes to, in words: the row and what the ledger learns, or what is read. */
function inWords(
  source: ListedObject | undefined,
  target: ListedObject | undefined,
  known: ObjectRecord | undefined,
  depth: VerifyDepth,
): string {
  const decision = verifyObject({ source, target, known, depth });
  if (decision.action === "read") return `read ${decision.sides}`;
  if (decision.action === "none") return `none, ${decision.record.step}`;
  const { status, reason, evidence, record: next } = decision;
  return `${status} ${reason ?? evidence}, ${next.step}${next.step === "plan-again" ? ` ${next.reason}` : ""}`;
}

describe("what two listings and the ledger say of one key", () => {
  const lost = "only-source target-lost, plan-again target-lost";
  const replaced = "differ target-changed, plan-again target-changed";
  const newer = "differ source-changed, plan-again source-changed";
  const ours = "only-target gone-from-source, keep";
  // source, target, on record: quick, standard, deep
  it.each<Case>([
    [undefined, undefined, PUT, "none, vanish", "none, vanish", "none, vanish"],
    [undefined, undefined, inState("vanished"), "none, keep", "none, keep", "none, keep"],
    [SOURCE, undefined, PUT, lost, lost, lost],
    [SOURCE, undefined, undefined, ...three("only-source not-planned, keep")],
    [SOURCE, undefined, inState("planned"), ...three("only-source planned, keep")],
    [SOURCE, undefined, inState("failed"), ...three("only-source failed, keep")],
    [SOURCE, undefined, inState("skipped"), ...three("only-source skipped, keep")],
    [SOURCE, undefined, inState("vanished"), "only-source came-back, keep", "read source", "read source"],
    [undefined, OURS, PUT, ours, ours, "read target"],
    [undefined, OTHER, PUT, ...three("only-target target-changed, plan-again target-changed")],
    [undefined, OTHER, undefined, ...three("only-target not-on-record, keep")],
    [SOURCE, OTHER, PUT, replaced, replaced, replaced],
    [SOURCE, { size: 9 }, PUT, replaced, replaced, replaced],
    [CHANGED, OURS, PUT, newer, newer, newer],
    [{ size: 11, etag: "s1" }, OURS, PUT, newer, newer, newer],
    [SOURCE, OURS, PUT, "equal put-checksum, verified", "equal put-checksum, verified", "read both"],
    [SOURCE, OURS, BARE, "unreadable unproved, keep", "read target", "read both"],
    [SOURCE, { size: 9, etag: "x" }, inState("failed"), ...three("differ size, keep")],
    [
      { size: 10, etag: MD5 },
      { size: 10, etag: MD5.toUpperCase() },
      undefined,
      "equal same-md5-etag, keep",
      "equal same-md5-etag, keep",
      "read both",
    ],
    [SOURCE, OTHER, undefined, "unreadable unproved, keep", "read both", "read both"],
  ])("source %j, target %j, record %j", (source, target, known, ...expected) => {
    const depths: readonly VerifyDepth[] = ["quick", "standard", "deep"];
    expect(depths.map((depth) => inWords(source, target, known, depth))).toEqual(expected);
  });

  it("S6 equal ETags of uploads in parts prove nothing: part sizes and services differ", () => {
    const parts: ListedObject = { size: 10, etag: `${MD5}-2` };
    expect(inWords(parts, parts, undefined, "quick")).toBe("unreadable unproved, keep");
    expect(inWords(parts, parts, undefined, "standard")).toBe("read both");
  });

  it("S4 equal sizes and times prove nothing where no ETag says more, and deep reads", () => {
    const at = new Date(0);
    const known = record({ etag: null, lastModified: 0, evidence: "put-checksum" });
    expect(inWords({ size: 10, lastModified: at }, OURS, known, "deep")).toBe("read both");
  });
});

function three(text: string): [string, string, string] {
  return [text, text, text];
}

describe("what the bytes say once they were read", () => {
  const side = (etag: string, sha256: string, size = 10) => ({ etag, size, digests: { size, sha256, md5: undefined } });
  const said = (input: Partial<ReadInput>): string => {
    const decision = judgeRead({ known: PUT, listedSource: SOURCE, source: undefined, target: undefined, ...input });
    const { status, reason, evidence, record: next } = decision;
    return `${status} ${reason ?? evidence}, ${next.step}${next.step === "plan-again" ? ` ${next.reason}` : ""}`;
  };
  const source = (
    sha256: string,
    facts: { etag?: string; size?: number; md5?: "match" | "altered" | "unproved" } = {},
  ) => ({
    ...side(facts.etag ?? "s1", sha256, facts.size),
    md5: facts.md5,
  });
  it.each<readonly [string, Partial<ReadInput>, string]>([
    ["both as on record", { source: source("aa"), target: side("t1", "aa") }, "equal both-read, verified"],
    ["the target as on record", { target: side("t1", "aa") }, "equal read-back, verified"],
    [
      "S10 another size than listed",
      { source: source("bb", { size: 4 }), target: side("t1", "aa") },
      "unreadable source-truncated, plan-again source-changed",
    ],
    [
      "S8 not the source's own MD5",
      { source: source("aa", { md5: "altered" }), target: side("t1", "aa") },
      "unreadable source-altered, plan-again source-changed",
    ],
    [
      "the same version with other bytes",
      { source: source("bb"), target: side("t1", "aa") },
      "unreadable source-unstable, plan-again source-changed",
    ],
    [
      "another version",
      { source: source("bb", { etag: "s2" }), target: side("t1", "aa") },
      "differ source-changed, plan-again source-changed",
    ],
    [
      "other bytes under our ETag",
      { source: source("aa"), target: side("t1", "bb") },
      "differ target-damaged, plan-again target-damaged",
    ],
    [
      "other bytes under another ETag",
      { target: side("t2", "bb") },
      "differ target-changed, plan-again target-changed",
    ],
    [
      "nothing on record, equal",
      { known: undefined, source: source("aa"), target: side("x", "aa") },
      "equal both-read, keep",
    ],
    [
      "nothing on record, other bytes",
      { known: undefined, source: source("aa"), target: side("x", "bb") },
      "differ bytes, keep",
    ],
    [
      "our copy of what is gone",
      { listedSource: undefined, target: side("t1", "aa") },
      "only-target gone-from-source, keep",
    ],
    [
      "a damaged copy of what is gone",
      { listedSource: undefined, target: side("t1", "bb") },
      "only-target target-damaged, plan-again target-damaged",
    ],
    [
      "bytes of an object that was gone once",
      { known: undefined, source: source("aa") },
      "only-source came-back, keep",
    ],
  ])("%s", (_, input, expected) => {
    expect(said(input)).toBe(expected);
  });

  it("never calls anything verified that a doubtful source stands for", () => {
    for (const md5 of ["match", "altered", "unproved"] as const) {
      for (const size of [10, 4]) {
        for (const sha256 of ["aa", "bb"]) {
          const verdict = said({ source: source(sha256, { md5, size }), target: side("t1", "aa") });
          expect(verdict.endsWith("verified")).toBe(sha256 === "aa" && size === 10 && md5 !== "altered");
        }
      }
    }
  });
});
