import { S3Error } from "./s3-error.ts";

/** One element of a document: its children if it has any, else its text. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Content of an element to write: text, child elements by name (an array repeats the name), or nothing at all. */
export type XmlContent = string | number | boolean | undefined | XmlFields | readonly XmlContent[];
export interface XmlFields {
  readonly [name: string]: XmlContent;
}

const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** A whole document in S3's namespace. */
export function xmlDocument(root: string, fields: XmlFields | string): string {
  return `${DECLARATION}<${root} xmlns="${S3_NAMESPACE}">${xmlContent(fields)}</${root}>`;
}

/** A whole document without a namespace, as S3 writes errors. */
export function plainXmlDocument(root: string, fields: XmlFields): string {
  return `${DECLARATION}<${root}>${xmlContent(fields)}</${root}>`;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

function xmlContent(content: XmlContent): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return escapeXml(String(content));
  return Object.entries(content)
    .map(([name, value]) => xmlElements(name, value))
    .join("");
}

function xmlElements(name: string, value: XmlContent): string {
  if (value === undefined) return "";
  const items: readonly XmlContent[] = Array.isArray(value) ? value : [value];
  return items.map((item) => `<${name}>${xmlContent(item)}</${name}>`).join("");
}

/** The element and what is in it, without its namespace. */
export function formatElement(element: XmlElement): string {
  const content =
    element.children.length === 0 ? escapeXml(element.text) : element.children.map(formatElement).join("");
  return `<${element.name}>${content}</${element.name}>`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Line ends and control characters become references, or a parser would normalise or refuse them. */
export function escapeXml(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- control characters are the point
    /[&<>"\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g,
    (character) => ESCAPES[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`,
  );
}

const MAX_DEPTH = 32;

/**
 * Parses the documents that S3 requests carry: elements, text, references, comments. Attributes are skipped (only
 * namespaces occur), document types are refused. Whatever is not well-formed is `MalformedXML`.
 *
 * Not a library: the server must take references to control characters, which XML 1.0 forbids, because keys may hold
 * them and AWS takes them.
 */
export function parseXml(text: string, root: string): XmlElement {
  const element = new Parser(text).document();
  if (element.name !== root) throw new S3Error("MalformedXML");
  return element;
}

export function childText(element: XmlElement, name: string): string | undefined {
  return child(element, name)?.text;
}

export function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((candidate) => candidate.name === name);
}

export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((candidate) => candidate.name === name);
}

const TAG = /<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const SKIPPED = /(?:<\?[^]*?\?>|<!--[^]*?-->)/y;
const REFERENCES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

class Parser {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  document(): XmlElement {
    this.#blank();
    const root = this.#element(0);
    this.#blank();
    if (this.#position !== this.#text.length) throw new S3Error("MalformedXML");
    return root;
  }

  #element(depth: number): XmlElement {
    if (depth > MAX_DEPTH) throw new S3Error("MalformedXML");
    const [, closing, qualified = "", , selfClosing] = this.#match(TAG);
    if (closing === "/") throw new S3Error("MalformedXML");
    const name = qualified.slice(qualified.indexOf(":") + 1);
    if (selfClosing === "/") return { name, text: "", children: [] };

    const children: XmlElement[] = [];
    let content = "";
    for (;;) {
      content += this.#characters();
      if (this.#text.startsWith("</", this.#position)) {
        const [, , end] = this.#match(TAG);
        if (end !== qualified) throw new S3Error("MalformedXML");
        if (children.length > 0 && content.trim() !== "") throw new S3Error("MalformedXML");
        return { name, text: children.length > 0 ? "" : content, children };
      }
      children.push(this.#element(depth + 1));
    }
  }

  /** Text up to the next tag, with comments left out. */
  #characters(): string {
    let content = "";
    for (;;) {
      const next = this.#text.indexOf("<", this.#position);
      if (next === -1) throw new S3Error("MalformedXML");
      content += decodeReferences(this.#text.slice(this.#position, next));
      this.#position = next;
      if (!this.#skip()) return content;
    }
  }

  #blank(): void {
    do this.#position += /^\s*/.exec(this.#text.slice(this.#position))?.[0].length ?? 0;
    while (this.#skip());
  }

  #skip(): boolean {
    SKIPPED.lastIndex = this.#position;
    if (!SKIPPED.test(this.#text)) return false;
    this.#position = SKIPPED.lastIndex;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) throw new S3Error("MalformedXML");
    this.#position = pattern.lastIndex;
    return match;
  }
}

function decodeReferences(text: string): string {
  if (!text.includes("&")) return text.replace(/\r\n?/g, "\n");
  return text.replace(/\r\n?/g, "\n").replace(/&(?:#x([\da-fA-F]+)|#(\d+)|(\w+));|&/g, (_, hex, decimal, name) => {
    const named = REFERENCES[String(name)];
    if (named !== undefined) return named;
    const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
    if (!Number.isInteger(codePoint) || codePoint > 0x10ffff) throw new S3Error("MalformedXML");
    return String.fromCodePoint(codePoint);
  });
}
