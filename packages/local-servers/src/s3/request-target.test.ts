import { describe, expect, it } from "vitest";
import { canonicalPath, parseQuery, parseTarget, type TargetRules } from "./request-target.ts";

const RULES: TargetRules = { plusInPath: "space", hosts: ["localhost"] };
const parse = (target: string, host = "127.0.0.1:9000", rules = RULES) => {
  const { bucket, key } = parseTarget(target, host, rules);
  return { bucket, key };
};

describe("bucket and key", () => {
  it.each([
    ["/", undefined, undefined],
    ["/b", "b", undefined],
    ["/b/", "b", undefined],
    ["/b?x", "b", undefined],
    ["/b/k", "b", "k"],
    ["/b//k", "b", "/k"],
    ["/b/../../k", "b", "../../k"],
    ["/b/a/./b//", "b", "a/./b//"],
    ["/b/a%2Fb%25", "b", "a/b%"],
    ["/b/%C3%BC?list-type=2", "b", "ü"],
    ["/b/a+b", "b", "a b"],
    ["/b/a%2Bb", "b", "a+b"],
    ["http://127.0.0.1:9000/b/k", "b", "k"],
  ])("of %s", (target, bucket, key) => {
    expect(parse(target)).toEqual({ bucket, key });
  });

  it("of a virtual host", () => {
    expect(parse("/k/l", "my.bucket.localhost:9000")).toEqual({ bucket: "my.bucket", key: "k/l" });
    expect(parse("/", "b.localhost")).toEqual({ bucket: "b", key: undefined });
    expect(parse("/b/k", "localhost:9000")).toEqual({ bucket: "b", key: "k" });
  });

  it("takes a plus sign as it is where the service does", () => {
    expect(parse("/b/a+b", "h", { ...RULES, plusInPath: "plus" }).key).toBe("a+b");
  });

  it.each(["/b/%", "/b/%zz", "/b/%C3%28", "/b/\u00fc", "/b?a=%FF", "b"])("%s is InvalidURI", (target) => {
    expect(() => parse(target)).toThrow(expect.objectContaining({ code: "InvalidURI" }) as Error);
  });
});

describe("canonical forms", () => {
  it("encode every character once, whatever the client left bare", () => {
    const target = parseTarget("/b/a!b'(c)*~%2f~%7E ".trim(), "h", RULES);
    expect(canonicalPath(target)).toBe("/b/a%21b%27%28c%29%2A~/~~");
  });

  it("sort parameters by name, then by value, as encoded", () => {
    expect(parseQuery("b=2&a&b=1&A=%2B&c=x+y&X-Amz-Signature=s").canonical("X-Amz-Signature")).toBe(
      "A=%2B&a=&b=1&b=2&c=x%20y",
    );
  });
});
