import { describe, expect, it } from "vitest";
import { judgeRead, judgeWrite, matchesEtag, type ReadConditions } from "./conditions.ts";

const OBJECT = { etag: "abc", modifiedAtMs: Date.parse("2026-01-02T03:04:05.678Z") };
const BEFORE = "Fri, 02 Jan 2026 03:04:04 GMT";
const SAME = "Fri, 02 Jan 2026 03:04:05 GMT";
const AFTER = "Fri, 02 Jan 2026 03:04:06 GMT";
const NONE: ReadConditions = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  ifModifiedSince: undefined,
  ifUnmodifiedSince: undefined,
};

describe("reading", () => {
  it.each<[Partial<ReadConditions>, string]>([
    [{}, "proceed"],
    [{ ifMatch: '"abc"' }, "proceed"],
    [{ ifMatch: '"x"' }, "preconditionFailed"],
    [{ ifMatch: "*" }, "proceed"],
    [{ ifNoneMatch: '"abc"' }, "notModified"],
    [{ ifNoneMatch: '"x", "abc"' }, "notModified"],
    [{ ifNoneMatch: '"x"' }, "proceed"],
    [{ ifModifiedSince: BEFORE }, "proceed"],
    [{ ifModifiedSince: SAME }, "notModified"],
    [{ ifModifiedSince: AFTER }, "notModified"],
    [{ ifModifiedSince: "no date" }, "proceed"],
    [{ ifUnmodifiedSince: BEFORE }, "preconditionFailed"],
    [{ ifUnmodifiedSince: SAME }, "proceed"],
    // RFC 9110 §13.2.2, and the two combinations that S3's GetObject page spells out.
    [{ ifMatch: '"abc"', ifUnmodifiedSince: BEFORE }, "proceed"],
    [{ ifNoneMatch: '"abc"', ifModifiedSince: BEFORE }, "notModified"],
    [{ ifNoneMatch: '"x"', ifModifiedSince: AFTER }, "proceed"],
    [{ ifMatch: '"x"', ifNoneMatch: '"abc"' }, "preconditionFailed"],
  ])("with %o: %s", (conditions, verdict) => {
    expect(judgeRead({ ...NONE, ...conditions }, OBJECT)).toBe(verdict);
  });
});

describe("writing", () => {
  it.each([
    [{ ifMatch: undefined, ifNoneMatch: undefined }, OBJECT, "proceed"],
    [{ ifMatch: undefined, ifNoneMatch: "*" }, OBJECT, "preconditionFailed"],
    [{ ifMatch: undefined, ifNoneMatch: "*" }, undefined, "proceed"],
    [{ ifMatch: '"abc"', ifNoneMatch: undefined }, OBJECT, "proceed"],
    [{ ifMatch: '"x"', ifNoneMatch: undefined }, OBJECT, "preconditionFailed"],
    [{ ifMatch: '"abc"', ifNoneMatch: undefined }, undefined, "missing"],
  ])("with %o over %o: %s", (conditions, current, verdict) => {
    expect(judgeWrite(conditions, current)).toBe(verdict);
  });
});

it("an ETag is the same with and without quotes, and no other", () => {
  expect(matchesEtag("abc", "abc")).toBe(true);
  expect(matchesEtag('"abc"', "abc")).toBe(true);
  expect(matchesEtag('"abcd"', "abc")).toBe(false);
  expect(matchesEtag("", "abc")).toBe(false);
});
