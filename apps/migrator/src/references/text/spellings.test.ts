import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { css, entities, peel, percent, script, type Spelling } from "./spellings.ts";

const text = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .filter((one) => one.isWellFormed() && !one.includes("\u0000"));
const all: readonly Spelling[] = [entities, script, css, percent];

describe.each(all.map((spelling) => [spelling.name, spelling] as const))("%s", (_name, spelling) => {
  test("what is written is read again as it was, for any text", () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(spelling.decode(spelling.encode(value, "")).value).toBe(value);
      }),
    );
  });

  test("what is written with the habits of another text is read again as it was", () => {
    fc.assert(
      fc.property(text, text, (value, other) => {
        expect(spelling.decode(spelling.encode(value, spelling.encode(other, ""))).value).toBe(value);
      }),
    );
  });

  test("offsets lead back to the text that was read, in order, from its beginning to its end", () => {
    fc.assert(
      fc.property(text, (raw) => {
        const decoded = spelling.decode(raw);
        const offsets = Array.from({ length: decoded.value.length + 1 }, (_one, at) => decoded.offset(at));
        expect(offsets.at(0)).toBe(0);
        expect(offsets.at(-1)).toBe(raw.length);
        expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("habits of the text that is replaced are kept", () => {
  test.each([
    ["slashes of JSON", script, "a/b/c", String.raw`x\/y`, String.raw`a\/b\/c`],
    ["a slash as a number", script, "a/b", String.raw`x\u002Fy`, String.raw`a\u002Fb`],
    ["an ampersand as Go writes it", script, "a&b", String.raw`\u0026`, String.raw`a\u0026b`],
    ["letters beyond ASCII", script, "é\u{1f600}", String.raw`\u00fc`, String.raw`\u00e9\ud83d\ude00`],
    ["a decimal entity", entities, "a&b", "x&#38;y", "a&#38;b"],
    ["a hexadecimal entity", entities, "a&b", "x&#x26;y", "a&#x26;b"],
    ["lower-case escapes", percent, "a/b é", "x%2fy", "a%2fb%20%c3%a9"],
    ["a plus for a space", percent, "a b", "x+y", "a+b"],
    ["a number in CSS", css, "a(b", String.raw`x\28 y`, String.raw`a\28 b`],
  ] as const)("%s", (_name, spelling, value, replaced, written) => {
    expect(spelling.encode(value, replaced)).toBe(written);
  });
});

test("layers are peeled from the outside and put back from the inside", () => {
  const raw = String.raw`https:\/\/a.example\/x&amp;y`;
  const peeled = peel(raw, [entities, script]);
  expect(peeled.value).toBe("https://a.example/x&y");
  expect(peeled.write("https://b.example/&", peeled.value.length)).toBe(String.raw`https:\/\/b.example\/&amp;`);
  expect(raw.slice(peeled.offset(peeled.value.indexOf("&")))).toBe("&amp;y");
});

test("bytes that are no UTF-8, and escapes that are none, stay as they are", () => {
  for (const raw of ["%FF%C0%80%", "%E0%A4", "%ed%a0%80"]) expect(percent.decode(raw).value).toBe(raw);
  for (const raw of [String.raw`\d\u12\x`, "\\"]) expect(script.decode(raw).value).toBe(raw);
  for (const raw of ["&nothing;", "&#0;", "&#x110000;", "& amp;"]) expect(entities.decode(raw).value).toBe(raw);
});
