import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrapCursor, wrapCursor } from "./s3-cursor.ts";

const text = fc.string({ unit: "grapheme" });

describe("a cursor", () => {
  it("gives back the service's token, whatever it holds (H06)", () => {
    fc.assert(
      fc.property(text, text, text, (token, prefix, delimiter) => {
        const cursor = wrapCursor(token, { prefix, delimiter });
        expect(unwrapCursor(JSON.parse(JSON.stringify(cursor)) as string, { prefix, delimiter })).toBe(token);
      }),
    );
  });

  it.each([
    ["another prefix", { prefix: "b/" }],
    ["another delimiter", { prefix: "a/", delimiter: "/" }],
    ["another start", { prefix: "a/", startAfter: "a/5" }],
  ])("is refused for %s", (_, listing) => {
    expect(() => unwrapCursor(wrapCursor("token", { prefix: "a/" }), listing)).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });

  it("that the provider never gave is refused, also where the service would take any text (H08)", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.base64String(),
          fc.json().map((json) => Buffer.from(json).toString("base64url")),
        ),
        (cursor) => {
          expect(() => unwrapCursor(cursor, {})).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
        },
      ),
    );
  });

  it("means the same with an option left out and with an empty one", () => {
    expect(unwrapCursor(wrapCursor("t", { prefix: "" }), {})).toBe("t");
  });
});
