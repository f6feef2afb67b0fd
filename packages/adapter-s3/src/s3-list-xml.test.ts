import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseListing, scanListing, type ListingXml } from "./s3-list-xml.ts";
import { escapeXml, parseXml } from "./s3-xml.ts";

const OBJECT_FIELDS = ["Key", "LastModified", "ETag", "Size", "StorageClass", "Nothing"];
const PAGE_FIELDS = ["Name", "Prefix", "IsTruncated", "NextContinuationToken", "EncodingType", "Nothing"];

/** All that a listing is asked for. */
const seen = (page: ListingXml) => ({
  page: PAGE_FIELDS.map((name) => page.textOf(name)),
  objects: page.all("Contents").map((object) => OBJECT_FIELDS.map((name) => object.textOf(name))),
  prefixes: page.all("CommonPrefixes").map((group) => group.textOf("Prefix")),
});

// eslint-disable-next-line no-control-regex -- XML has no way to write these
const XML_TEXT = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]+$/u;
const text = fc
  .string({ unit: "binary", minLength: 1, maxLength: 12 })
  .filter((t) => t.isWellFormed() && XML_TEXT.test(t));
const object = fc
  .record({ key: text, etag: text, size: fc.nat(), owner: fc.boolean() })
  .map(
    ({ key, etag, size, owner }) =>
      `<Contents><Key>${escapeXml(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
      `<ETag>${escapeXml(`"${etag}"`)}</ETag><Size>${size}</Size>` +
      `${owner ? "<Owner><ID>x</ID><DisplayName>y</DisplayName></Owner>" : ""}<StorageClass>STANDARD</StorageClass></Contents>`,
  );
const group = text.map((prefix) => `<CommonPrefixes><Prefix>${escapeXml(prefix)}</Prefix></CommonPrefixes>`);
const page = fc
  .record({
    declared: fc.boolean(),
    token: fc.option(text),
    parts: fc.array(fc.oneof(object, group), { maxLength: 5 }),
    space: fc.constantFrom("", "\n", "\n  "),
  })
  .map(
    ({ declared, token, parts, space }) =>
      `${declared ? '<?xml version="1.0" encoding="UTF-8"?>\n' : ""}<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `${space}<Name>b</Name>${space}<Prefix/><IsTruncated>${token !== null}</IsTruncated>` +
      `${token === null ? "" : `<NextContinuationToken>${escapeXml(token)}</NextContinuationToken>`}` +
      `${parts.map((part) => space + part).join("")}${space}</ListBucketResult>`,
  );

describe("a page of a listing", () => {
  it("reads as the parser of any XML reads it, for any keys", () => {
    fc.assert(
      fc.property(page, (xml) => {
        const scanned = scanListing(xml);
        if (scanned === undefined) throw new Error("a plain page was not scanned");
        expect(seen(scanned)).toEqual(seen(parseXml(xml, "ListBucketResult")));
      }),
      { numRuns: 300 },
    );
  });

  it("that is cut off anywhere is refused, and never a shorter page", () => {
    fc.assert(
      fc.property(page, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (xml, where) => {
        const cut = xml.slice(0, Math.floor(where * xml.length));
        expect(scanListing(cut)).toBeUndefined();
        expect(() => parseListing(cut)).toThrow("not the XML");
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["a comment", "<ListBucketResult><!-- x --><Name>b</Name></ListBucketResult>"],
    ["CDATA", "<ListBucketResult><Name><![CDATA[b]]></Name></ListBucketResult>"],
    ["an attribute", '<ListBucketResult><Name a="1">b</Name></ListBucketResult>'],
    ["a bare line end of another system", "<ListBucketResult>\r\n<Name>b</Name></ListBucketResult>"],
  ])("with %s is left to the parser, and understood", (_, xml) => {
    expect(scanListing(xml)).toBeUndefined();
    expect(parseListing(xml).textOf("Name")).toBe("b");
  });

  it.each(["", "<html></html>", "<ListBucketResult>x</ListBucketResult> and more", "<Error><Code>x</Code></Error>"])(
    "is not %j",
    (xml) => {
      expect(() => parseListing(xml)).toThrow("not the XML");
    },
  );
});
