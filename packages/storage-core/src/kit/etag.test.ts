import { expect, test } from "vitest";
import { plainETag } from "./etag.ts";

test.each([
  ["abc", "abc"],
  ['"abc"', "abc"],
  ['W/"abc"', "W/abc"],
  ["W/abc", "W/abc"],
  ['"d41d8cd98f00b204e9800998ecf8427e-12"', "d41d8cd98f00b204e9800998ecf8427e-12"],
])("E12 C14 the ETag %j is the plain %j", (etag, plain) => {
  expect(plainETag(etag)).toBe(plain);
});

test.each([
  "",
  '""',
  "*",
  '"*"',
  "W/",
  'W/""',
  '"a", "b"',
  "a,b",
  'a"b',
  '"a',
  "a b",
  "a\r\nX: y",
  "é",
  undefined,
  null,
  7,
])("E12 %j names no single version", (etag) => {
  expect(plainETag(etag)).toBeUndefined();
});
