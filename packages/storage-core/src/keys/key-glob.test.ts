import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyGlob } from "./key-glob.ts";

const TABLE: readonly (readonly [pattern: string, matches: readonly string[], others: readonly string[]])[] = [
  ["img", ["img"], ["img2", "img/a", "IMG", "a/img"]],
  ["img/**", ["img/a", "img/", "img/a/b", "img/../x", "img//x", "img/a\nb"], ["img", "img2/a", "a/img/b"]],
  ["img/*", ["img/a", "img/", "img/.a", "img/😀"], ["img/a/b", "img2/a"]],
  ["**", ["a", "a/b", "/", "a//b", "\n"], []],
  ["**/*.mp3", ["a.mp3", "x/a.mp3", "x/y/.mp3", "x/./a.mp3"], ["a.mp3/b", "amp3"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]],
  ["a**b", ["ab", "a/x/b"], ["b"]],
  ["?.png", ["a.png", "😀.png"], ["ab.png", "/.png", ".png"]],
  ["[a-c]?[!0-9]", ["bxx", "a--"], ["dxx", "bx1", "bx/"]],
  ["[-x]", ["-", "x"], ["y"]],
  ["*.{jpg,jp{e,2}g}", ["a.jpg", "a.jpeg", "a.jp2g"], ["a.jpng", "a.jpg,"]],
  ["a,b", ["a,b"], ["a"]],
  ["\\*\\[\\{\\?", ["*[{?"], ["x[{?"]],
  ["!a+(b)@c#", ["!a+(b)@c#"], ["x"]],
];

describe("a pattern for keys", () => {
  it.each(TABLE)("S17 %s matches %j and not %j", (pattern, matches, others) => {
    const glob = keyGlob(pattern);
    expect(matches.filter((key) => !glob.matches(key))).toEqual([]);
    expect(others.filter((key) => glob.matches(key))).toEqual([]);
  });

  it("without special characters matches exactly that key, for any key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary" }), (key, other) => {
        fc.pre(key.isWellFormed());
        const glob = keyGlob(key.replaceAll(/[\\*?[\]{}]/g, "\\$&"));
        expect(glob.matches(key)).toBe(true);
        expect(glob.matches(other)).toBe(other === key);
      }),
    );
  });

  it.each([
    ["", "is empty"],
    ["a[b", "a [ without its ]"],
    ["a{b", "a { without its }"],
    ["a}b", "a } without its {"],
    ["a\\", "ends in a backslash"],
    ["[z-a]", "[z-a] that runs backwards"],
    ["[!]", "a set [!] of nothing"],
    ["\ud800", "half of a character"],
  ])("%j is refused: it %s", (pattern, problem) => {
    expect(() => keyGlob(pattern)).toThrow(problem);
  });
});
