import { isStorageError } from "@bucketferry/storage-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { XML_CHARACTERS } from "./s3-profiles.ts";
import { escapeXml, parseXml } from "./s3-xml.ts";

describe("the XML of answers", () => {
  it("keeps numbers, spaces and entities of texts as they are", () => {
    const root = parseXml(
      `<?xml version="1.0" encoding="UTF-8"?>\n<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>0012</Key><Key> 1e3 </Key>` +
        `<Key>&amp;lt;&#13;&#x41;&quot;</Key><Key></Key><Key/></R>`,
      "R",
    );
    expect(root.all("Key").map(({ text }) => text)).toEqual(["0012", " 1e3 ", '&lt;\rA"', "", ""]);
  });

  it("has no children that are not in the text, whatever their name", () => {
    const root = parseXml("<R><A>1</A></R>", "R");
    expect(root.textOf("constructor")).toBeUndefined();
    expect(root.all("__proto__")).toEqual([]);
    expect(root.one("Missing").one("Deeper").text).toBe("");
  });

  it("lets no element's name reach the prototype of objects (B20)", () => {
    const outcome = fc.sample(fc.constantFrom("__proto__", "constructor", "prototype"), 20).map((name) => {
      try {
        return parseXml(`<R><${name}><polluted>1</polluted></${name}></R>`, "R").textOf("polluted");
      } catch (error) {
        return isStorageError(error, "Unavailable") ? undefined : error;
      }
    });
    expect(new Set(outcome)).toEqual(new Set([undefined]));
    expect({}).not.toHaveProperty("polluted");
  });

  it.each([
    ["nothing", ""],
    ["a page", "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"],
    ["a page without a type", "<html><body><br>login</body></html>"],
    ["half an answer", "<R><Key>a"],
    ["JSON", '{"error":"x"}'],
    ["another root", "<Other/>"],
    ["an entity bomb", '<!DOCTYPE R [<!ENTITY a "aaaa">]><R>&a;</R>'],
  ])("calls %s no answer of the service instead of crashing (M07)", (_, text) => {
    expect(() => parseXml(text, "R")).toThrow(expect.objectContaining({ code: "Unavailable" }));
  });

  it("takes the answer of a server that says Response where S3 says Result", () => {
    const parts = "<ListPartsResponse><IsTruncated>false</IsTruncated></ListPartsResponse>";
    expect(parseXml(parts, "ListPartsResult").textOf("IsTruncated")).toBe("false");
    expect(() => parseXml(parts, "ListBucketResult")).toThrow(expect.objectContaining({ code: "Unavailable" }));
  });

  it("says what a service answered that passed over a sub-resource which it does not know", () => {
    const listing =
      '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name></ListBucketResult>';
    expect(() => parseXml(listing, "ListMultipartUploadsResult")).toThrow(
      expect.objectContaining({
        code: "Unsupported",
        persistence: "permanent",
        message: expect.stringContaining("ListBucketResult instead of ListMultipartUploadsResult"),
      }),
    );
  });

  it("reads back whatever text it has written", () => {
    const character = fc
      .integer({ min: 0, max: 0x10ffff })
      .map((code) => String.fromCodePoint(code))
      .filter((one) => new RegExp(`^${XML_CHARACTERS}$`, "u").test(one));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(character, fc.constantFrom(..."&<>\"'\r\n\t ;#".split(""))), minLength: 0 }),
        (text) => {
          expect(parseXml(`<R><Key>${escapeXml(text)}</Key></R>`, "R").textOf("Key")).toBe(text);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
