import { parseXml, type XmlElement } from "./s3-xml.ts";

/** A page of a listing: its own fields, and those of the objects and groups in it. */
export interface ListingXml {
  textOf(name: string): string | undefined;
  all(name: string): readonly Pick<XmlElement, "textOf">[];
}

/**
 * Reads a page as services write it, element after element, without a tree: 1 ms for a thousand objects, where a parser of
 * any XML takes 25. Whatever is not as plain as that (attributes, comments, half an answer) goes to the parser, which
 * understands it or says what is wrong.
 * @throws StorageError `Unavailable` when the text is not the XML of the service
 */
export function parseListing(text: string): ListingXml {
  return scanListing(text) ?? parseXml(text, "ListBucketResult");
}

const ROOT = /^\s*(?:<\?xml[^>]*\?>)?\s*<ListBucketResult(?:\s+xmlns="[^"<>&]*")?>/;
const END = "</ListBucketResult>";

/** Undefined for a text that is not plain enough to be sure of. */
export function scanListing(text: string): ListingXml | undefined {
  const root = ROOT.exec(text);
  const end = text.lastIndexOf(END);
  // A bare CR would be a line feed to a parser; `<!` begins comments, CDATA and document types.
  if (root === null || end === -1 || text.slice(end + END.length).trim() !== "") return undefined;
  if (text.includes("\r") || text.includes("<!") || text.includes("<?", root[0].length)) return undefined;
  const own = fieldsOf(text, root[0].length, end);
  if (own === undefined) return undefined;
  const groups = new Map<string, Fields[]>();
  for (const { name, from, to } of own.elements) {
    if (name !== "Contents" && name !== "CommonPrefixes") continue;
    const fields = fieldsOf(text, from, to);
    if (fields === undefined) return undefined;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [fields]);
    else group.push(fields);
  }
  return { textOf: (name) => own.textOf(name), all: (name) => groups.get(name) ?? [] };
}

interface Element {
  readonly name: string;
  /** Where its content begins and ends in the text. */
  readonly from: number;
  readonly to: number;
}

/** The children of one element, by place; their text is taken out when somebody asks. */
class Fields {
  readonly elements: readonly Element[];
  readonly #text: string;

  constructor(text: string, elements: readonly Element[]) {
    this.#text = text;
    this.elements = elements;
  }

  textOf(name: string): string | undefined {
    for (const element of this.elements) {
      if (element.name === name) return unescaped(this.#text.slice(element.from, element.to));
    }
    return undefined;
  }
}

/** The elements that follow each other between two places; undefined where something else stands there. */
function fieldsOf(text: string, from: number, to: number): Fields | undefined {
  const elements: Element[] = [];
  for (let at = afterSpace(text, from, to); at < to; at = afterSpace(text, at, to)) {
    if (text[at] !== "<") return undefined;
    const close = text.indexOf(">", at);
    if (close === -1 || close > to) return undefined;
    const name = text.slice(at + 1, close);
    if (name.endsWith("/")) {
      elements.push({ name: name.slice(0, -1), from: close, to: close });
      at = close + 1;
      continue;
    }
    if (!/^[A-Za-z]+$/.test(name)) return undefined;
    // Nearly all elements hold text alone, so the next end is theirs. No element of a listing holds one of its own name.
    let end = text.indexOf("</", close);
    if (!text.startsWith(`${name}>`, end + 2)) end = text.indexOf(`</${name}>`, end);
    if (end === -1 || end > to) return undefined;
    elements.push({ name, from: close + 1, to: end });
    at = end + name.length + 3;
  }
  return new Fields(text, elements);
}

function afterSpace(text: string, from: number, to: number): number {
  let at = from;
  // Space, tab and line feed; a CR was refused before.
  while (at < to && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** https://www.w3.org/TR/xml/#sec-references */
function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:(amp|lt|gt|quot|apos)|#(\d+)|#x([0-9A-Fa-f]+));/g, (whole, name, decimal, hex) => {
    if (typeof name === "string") return NAMED[name] ?? whole;
    const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : String(whole);
  });
}
