import { createRequire } from "node:module";
import { StorageError } from "@bucketferry/storage-core";
import type * as FastXmlParser from "fast-xml-parser";

/** An element: its children by name, always as lists, or its text. */
export interface XmlElement {
  readonly text: string;
  all(name: string): readonly XmlElement[];
  /** The first child of this name; an empty element when there is none. */
  one(name: string): XmlElement;
  /** The text of the first child of this name; undefined when there is none. */
  textOf(name: string): string | undefined;
}

const TEXT = "#text";

// Everything is text: a key such as `0012` or `1e3` is not a number. Spaces belong to keys. Nothing but elements is wanted.
const OPTIONS = {
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  alwaysCreateTextNode: true,
  textNodeName: TEXT,
  // Numeric character references too: a carriage return in a key comes as `&#13;`.
  htmlEntities: true,
} as const;

let parser: FastXmlParser.XMLParser | undefined;

/** Loaded when first needed, which a run over listings as services write them, without a failure, never does. */
function xmlParser(): FastXmlParser.XMLParser {
  if (parser === undefined) {
    const library = createRequire(import.meta.url)("fast-xml-parser") as typeof FastXmlParser;
    parser = new library.XMLParser(OPTIONS);
  }
  return parser;
}

/** Roots of S3's other answers: a listing of the bucket, a setting. */
const OF_ANOTHER_QUESTION = /^[A-Z]\w*(?:Result|Configuration)$/;

/**
 * The root element of an answer.
 * @throws StorageError `Unavailable` when the text is not the XML of the service: a gateway's page, half an answer, nothing;
 * `Unsupported` when it answers another question, as services do that pass over a sub-resource which they do not know
 */
export function parseXml(text: string, ...roots: string[]): XmlElement {
  let document: unknown;
  // S3 sends no document type; one would only be there to define entities.
  if (text.trimStart().startsWith("<") && !/<!DOCTYPE/i.test(text)) {
    try {
      document = xmlParser().parse(text, true);
    } catch {
      document = undefined;
    }
  }
  const top = element(document);
  for (const name of roots) {
    // Some servers say Response where S3 says Result (moto: ListPartsResponse); the AWS SDKs do not look at it.
    const [root] = [...top.all(name), ...top.all(name.replace(/Result$/, "Response"))];
    if (root !== undefined) return root;
  }
  const other = namesIn(document).find((name) => OF_ANOTHER_QUESTION.test(name));
  if (other !== undefined) {
    throw new StorageError(
      "Unsupported",
      `the service does not know this request: it answered with ${other} instead of ${roots.join(" or ")}`,
      { hint: "Set profile to the kind of service that this is; what it does not know cannot be asked of it" },
    );
  }
  throw new StorageError("Unavailable", "the answer is not the XML that the service speaks", {
    hint: "Look whether a proxy or a login page answers in the place of the service",
  });
}

function namesIn(node: unknown): readonly string[] {
  return typeof node === "object" && node !== null ? Object.keys(node) : [];
}

function element(node: unknown): XmlElement {
  const children = typeof node === "object" && node !== null ? (node as Record<string, unknown>) : {};
  const all = (name: string): readonly XmlElement[] => {
    if (!Object.hasOwn(children, name)) return [];
    const value = children[name];
    return (Array.isArray(value) ? value : [value]).map(element);
  };
  const own = Object.hasOwn(children, TEXT) ? children[TEXT] : node;
  return {
    text: typeof own === "string" ? own : "",
    all,
    one: (name) => all(name)[0] ?? element(undefined),
    textOf: (name) => all(name)[0]?.text,
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
  "\t": "&#9;",
};

/** Text of an element. White space is written as references, since a parser may turn a line break into another. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (character) => ESCAPES[character] ?? character);
}
