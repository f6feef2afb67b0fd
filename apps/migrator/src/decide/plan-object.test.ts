import { emptyFacts, type ObjectRecord, type ObjectState } from "@bucketferry/ledger";
import { describe, expect, it } from "vitest";
import { planObject, type PlanDecision, type PlanInput } from "./plan-object.ts";

const LISTED = { size: 10, etag: "s1" };
const COPY = { size: 10, etag: "t1" };

function known(state: ObjectState, facts: Partial<ObjectRecord> = {}): ObjectRecord {
  return { ...emptyFacts(), route: "r", key: "k", targetKey: "k", updatedAt: 0, state, size: 10, etag: "s1", ...facts };
}
const put = { targetEtag: "t1", targetSize: 10 };
const copy = (reason: string): PlanDecision => ({ action: "copy", reason }) as PlanDecision;

const TABLE: readonly (readonly [string, Partial<PlanInput>, PlanDecision])[] = [
  ["nowhere", {}, { action: "none" }],
  ["on record as gone, and gone", { known: known("vanished") }, { action: "none" }],
  ["only at the target", { target: COPY }, { action: "targetOnly" }],
  ["gone from the source before it was copied", { known: known("planned") }, { action: "vanish" }],
  ["gone from the source after it was copied", { target: COPY, known: known("verified", put) }, { action: "vanish" }],
  ["new", { source: LISTED }, copy("missing")],
  ["planned before, and not copied", { source: LISTED, known: known("planned") }, copy("missing")],
  ["failed before", { source: LISTED, known: known("failed") }, copy("missing")],
  ["gone, and back again", { source: LISTED, known: known("vanished") }, copy("missing")],
  ["unknown, and at the target too", { source: LISTED, target: COPY }, copy("unknown-at-target")],
  [
    "planned, and found at the target (L1)",
    { source: LISTED, target: COPY, known: known("planned") },
    copy("unknown-at-target"),
  ],
  ["unknown at the target, which was given up", { source: LISTED, target: COPY, overwrite: true }, copy("overwrite")],
  [
    "copied, both sides as they were",
    { source: LISTED, target: COPY, known: known("copied", put) },
    { action: "keep" },
  ],
  [
    "verified, both sides as they were",
    { source: LISTED, target: COPY, known: known("verified", put) },
    { action: "keep" },
  ],
  ["verified, and the target lost it", { source: LISTED, known: known("verified", put) }, copy("target-lost")],
  [
    "verified, and the source's ETag is another (S4)",
    { source: { size: 10, etag: "s2" }, target: COPY, known: known("verified", put) },
    copy("source-changed"),
  ],
  [
    "verified, and the source's size is another",
    { source: { size: 11, etag: "s1" }, target: COPY, known: known("verified", put) },
    copy("source-changed"),
  ],
  [
    "verified, and the source's time is another where there is no ETag",
    {
      source: { size: 10, lastModified: new Date(2) },
      target: COPY,
      known: known("verified", { ...put, etag: null, lastModified: 1 }),
    },
    copy("source-changed"),
  ],
  [
    "verified, and somebody replaced the copy",
    { source: LISTED, target: { size: 10, etag: "x" }, known: known("verified", put) },
    copy("target-changed"),
  ],
  [
    "verified, and somebody replaced the copy by one of another size",
    { source: LISTED, target: { size: 9 }, known: known("verified", put) },
    copy("target-changed"),
  ],
  [
    "replaced by somebody, and given up",
    { source: LISTED, target: { size: 9 }, known: known("verified", put), overwrite: true },
    copy("overwrite"),
  ],
  [
    "found damaged by verify",
    { source: LISTED, target: COPY, known: known("planned", { ...put, reason: "target-damaged" }) },
    copy("target-damaged"),
  ],
  [
    "copied again and not finished",
    { source: LISTED, target: COPY, known: known("planned", put) },
    copy("source-changed"),
  ],
  [
    "left out by policy",
    { source: LISTED, obstacle: { action: "skip", reason: "folder-placeholder" } },
    { action: "skip", reason: "folder-placeholder" },
  ],
  [
    "refused by the target's rules, though on record",
    { source: LISTED, known: known("failed"), obstacle: { action: "refuse", reason: "too-large", message: "m" } },
    { action: "refuse", reason: "too-large", message: "m" },
  ],
];

describe("the plan for an object that is", () => {
  it.each(TABLE)("%s", (_, input, decision) => {
    expect(
      planObject({
        source: undefined,
        target: undefined,
        known: undefined,
        obstacle: undefined,
        overwrite: false,
        ...input,
      }),
    ).toEqual(decision);
  });
});
