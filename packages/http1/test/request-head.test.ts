import { describe, expect, it } from "vitest";
import { requestHead } from "../src/request-head.ts";

describe("the head of a request", () => {
  it("is sent as it was given, byte for byte", () => {
    expect(requestHead("GET", "/a//../%2e?x=%20", { host: "h", "x-a": "é~" })).toBe(
      "GET /a//../%2e?x=%20 HTTP/1.1\r\nhost: h\r\nx-a: é~\r\n\r\n",
    );
  });

  it.each([
    ["a line break in a value", "GET", "/", { a: "b\r\nc: d" }, "the value of a"],
    ["NUL in a value", "GET", "/", { a: "b\0" }, "the value of a"],
    ["a character of more than one byte", "GET", "/", { a: "\u2713" }, "the value of a"],
    ["a line break in a name", "GET", "/", { "a\r\nb": "c" }, "cannot be the name"],
    ["a space in a name", "GET", "/", { "a b": "c" }, "cannot be the name"],
    ["an empty name", "GET", "/", { "": "c" }, "cannot be the name"],
    ["a space in the target", "GET", "/a b", {}, "percent-encoded"],
    ["a line break in the target", "GET", "/a\r\nb", {}, "percent-encoded"],
    ["a letter of another script in the target", "GET", "/ä", {}, "percent-encoded"],
    ["a space in the method", "GET /", "/", {}, "method"],
  ])("cannot be made to say more: %s", (_, method, target, headers, says) => {
    expect(() => requestHead(method, target, headers)).toThrow(
      expect.objectContaining({ code: "HTTP_INVALID_REQUEST", message: expect.stringContaining(says) as string }),
    );
  });

  it("M08 repeats no value in its refusal", () => {
    expect(() => requestHead("GET", "/", { authorization: "secret\n" })).toThrow(/^(?!.*secret)/);
  });
});
