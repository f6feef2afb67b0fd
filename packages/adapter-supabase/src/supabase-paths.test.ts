import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeKey, supabasePaths } from "./supabase-paths.ts";

const ALLOWED = "ABZabz019_/!.*'() &$@=;:+,?-".split("");
const anyKey = fc.array(fc.constantFrom(...ALLOWED), { minLength: 1, maxLength: 40 }).map((marks) => marks.join(""));

describe("encodeKey", () => {
  it("gives back the key when every segment is decoded once, with all slashes in their places", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(encodeKey(key).split("/").map(decodeURIComponent).join("/")).toBe(key);
      }),
    );
  });

  it("leaves nothing that ends a path or that a server may read as something else", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(encodeKey(key)).not.toMatch(/[?#\s+&=;:@,$]/);
      }),
    );
  });
});

describe("supabasePaths", () => {
  it("leaves what decodeURI would not undo unescaped where an upload is signed, but never cuts the key", () => {
    expect(supabasePaths("b").signUpload("a+b&c=d;e:f@g,h$i?j k")).toBe(
      "/object/upload/sign/b/a+b&c=d;e:f@g,h$i%3Fj%20k",
    );
  });

  it("escapes the bucket in every route", () => {
    const paths = supabasePaths("a b?c");
    for (const path of [
      paths.bucketInfo,
      paths.list,
      paths.remove,
      paths.object("k"),
      paths.info("k"),
      paths.signUpload("k"),
    ]) {
      expect(path).toContain("a%20b%3Fc");
    }
  });
});
