import { describe, expect, it } from "vitest";
import { childrenOf, childText, escapeXml, parseXml, xmlDocument } from "./xml.ts";

const malformed = expect.objectContaining({ code: "MalformedXML" }) as Error;

describe("parsing", () => {
  it("reads elements, attributes, references, comments and prefixes", () => {
    const text = `\ufeff<?xml version="1.0"?><!-- c --><s:Delete xmlns:s="u"><Object a='1' ><Key>a&amp;&#x1;&#98;&lt;</Key></Object><!-- c -->
      <Object><Key>\u00fc &quot;</Key></Object><Quiet/></s:Delete>\n`;
    const root = parseXml(text, "Delete");
    expect(childrenOf(root, "Object").map((object) => childText(object, "Key"))).toEqual(["a&\u0001b<", 'ü "']);
    expect(childText(root, "Quiet")).toBe("");
  });

  it("turns line ends into one form, but not those written as references", () => {
    expect(parseXml("<A>x\r\ny\rz&#13;</A>", "A").text).toBe("x\ny\nz\r");
  });

  it.each([
    "",
    "text",
    "<A>",
    "<A></B>",
    "<A><B></A></B>",
    "<A/><A/>",
    "<A>text<B/></A>",
    "<A>&nope;</A>",
    "<A>&</A>",
    "<A>&#x110000;</A>",
    "<!DOCTYPE A [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><A>&x;</A>",
    "<B></B>",
    "<A".repeat(10),
    `${"<A>".repeat(1000)}${"</A>".repeat(1000)}`,
  ])("refuses %s", (text) => {
    expect(() => parseXml(text, "A")).toThrow(malformed);
  });
});

describe("writing", () => {
  it("escapes what XML takes for itself, and what it cannot hold", () => {
    expect(escapeXml('a<b>&"c"\r\n\u0001\ufffe')).toBe("a&lt;b&gt;&amp;&quot;c&quot;&#xD;&#xA;&#x1;&#xFFFE;");
  });

  it("nests, repeats and leaves out", () => {
    expect(xmlDocument("A", { B: [{ C: 1 }, { C: true }], D: undefined, E: "" })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><B><C>1</C></B><B><C>true</C></B><E></E></A>',
    );
  });

  it("gives back what it wrote", () => {
    const key = "a\tb\r\n<&>\u007f\u0001é😀";
    expect(parseXml(xmlDocument("A", { Key: key }), "A").children[0]?.text).toBe(key);
  });
});
