import { expect, test } from "vitest";
import { masked } from "./mask.ts";

const SECRET = "S3cret.Token-value_1";

test.each([
  `https://a/b?token=${SECRET}`,
  `https://a/b?v=1&amp;token=${SECRET}"`,
  `https://a/b?v=1&#38;token=${SECRET}"`,
  String.raw`{"u":"https:\/\/a\/b?v=1\u0026token\u003d${SECRET}"}`,
  `?url=https%3A%2F%2Fa%2Fb%3Ftoken%3D${SECRET}&x=1`,
  `?url=https%253A%252F%252Fa%252Fb%253Ftoken%253D${SECRET}&x=1`,
  `https://a/b?X-Amz-Signature=${SECRET}`,
  `Bearer eyJhbGciOiJIUzI1NiJ9.${SECRET}`,
])("no token is shown, whatever spelling its URL has: %s", (text) => {
  expect(masked(text)).not.toContain(SECRET);
});

test("a token at the end of what is shown is not shown in part", () => {
  const shown = masked(`${"x".repeat(280)}?token=${SECRET}`);
  for (let length = 4; length <= SECRET.length; length += 1) expect(shown).not.toContain(SECRET.slice(0, length));
});

test("a long text is cut, and takes no longer than a short one", () => {
  expect(masked("a".repeat(50_000_000)).length).toBeLessThan(400);
});
