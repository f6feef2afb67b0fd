import { describe, expect, it } from "vitest";
import { allowsPublicRead, parsePolicy } from "./bucket-policy.ts";

const STATEMENT = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/open/*" };
const policy = (changes: object, rest: object = {}): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ ...STATEMENT, ...changes }], ...rest });

describe("a public-read policy", () => {
  it.each([
    ["arn:aws:s3:::b/open/*", "open/x", true],
    ["arn:aws:s3:::b/open/*", "open/", true],
    ["arn:aws:s3:::b/open/*", "open", false],
    ["arn:aws:s3:::b/open/*", "other/open/x", false],
    ["arn:aws:s3:::b/open/*", "open/a/b\nc", true],
    ["arn:aws:s3:::b/*", "anything", true],
    ["arn:aws:s3:::b/a.b", "axb", false],
    ["arn:aws:s3:::b/?.txt", "😀.txt", true],
    ["arn:aws:s3:::b/?.txt", "ab.txt", false],
  ])("for %s lets everybody read %s: %s", (Resource, key, allowed) => {
    expect(allowsPublicRead(parsePolicy(policy({ Resource }), "b"), "b", key)).toBe(allowed);
  });

  it("takes lists, and a principal in its long form", () => {
    const text = policy({ Principal: { AWS: ["*"] }, Action: ["s3:GetObject"], Resource: [STATEMENT.Resource] });
    expect(allowsPublicRead(parsePolicy(text, "b"), "b", "open/x")).toBe(true);
  });
});

it.each([
  ["text that is no JSON", "{"],
  ["JSON that is no object", "[]"],
  ["no statement", policy({}, { Statement: [] })],
  ["another version", policy({}, { Version: "2030-01-01" })],
  ["an unknown field", policy({ Efect: "Allow" })],
  ["an effect that is none", policy({ Effect: "allow" })],
  ["no principal", policy({ Principal: undefined })],
  ["an action of no service", policy({ Action: "GetObject" })],
  ["another bucket", policy({ Resource: "arn:aws:s3:::other/*" })],
  ["a bucket whose name only begins the same", policy({ Resource: "arn:aws:s3:::bb/*" })],
  ["a bucket where an object is needed", policy({ Resource: "arn:aws:s3:::b" })],
  ["a document over 20 KiB", policy({ Sid: "x".repeat(21_000) })],
])("%s is MalformedPolicy", (_, text) => {
  expect(() => parsePolicy(text, "b")).toThrow(expect.objectContaining({ code: "MalformedPolicy" }) as Error);
});

it.each([
  ["Deny", policy({ Effect: "Deny" })],
  ["a condition", policy({ Condition: { IpAddress: {} } })],
  ["another action", policy({ Action: "s3:PutObject" })],
  ["a wildcard in the action", policy({ Action: "s3:*" })],
  ["another principal", policy({ Principal: { AWS: "arn:aws:iam::1:root" } })],
])("%s is not half obeyed, but NotImplemented", (_, text) => {
  expect(() => parsePolicy(text, "b")).toThrow(expect.objectContaining({ code: "NotImplemented" }) as Error);
});
