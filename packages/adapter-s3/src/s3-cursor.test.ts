import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrapCursor, wrapCursor } from "./s3-cursor.ts";

const POSITION = { token: "t", lastKey: "" };
const text = fc.string({ unit: "grapheme" });

describe("a cursor", () => {
  it("gives back the service's token and the last key, whatever they hold (H06)", () => {
    fc.assert(
      fc.property(fc.record({ token: text, lastKey: text }), text, text, (position, prefix, delimiter) => {
        const cursor = wrapCursor(position, { prefix, delimiter });
        expect(unwrapCursor(JSON.parse(JSON.stringify(cursor)) as string, { prefix, delimiter })).toEqual(position);
      }),
    );
  });

  it.each([
    ["another prefix", { prefix: "b/" }],
    ["another delimiter", { prefix: "a/", delimiter: "/" }],
    ["another start", { prefix: "a/", startAfter: "a/5" }],
  ])("is refused for %s", (_, listing) => {
    expect(() => unwrapCursor(wrapCursor(POSITION, { prefix: "a/" }), listing)).toThrow(
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
    expect(unwrapCursor(wrapCursor(POSITION, { prefix: "" }), {})).toEqual(POSITION);
  });
});
