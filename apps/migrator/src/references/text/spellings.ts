import { decodedBy, patternFinder, type Decoded, type EscapeFinder } from "./decoded.ts";

/** A way to write characters so that they can stand inside something else. Layers of them are peeled off one by one. */
export interface Spelling {
  readonly name: "entities" | "script" | "css" | "percent";
  decode(raw: string): Decoded;
  /** A text in this spelling, with the habits of `replaced`: a slash that was written `\/` there is written so again. */
  encode(value: string, replaced: string): string;
}

interface Alphabet {
  readonly name: Spelling["name"];
  readonly finder: EscapeFinder;
  readonly valueOf: (escape: string) => string | undefined;
  /** How one character is written when `replaced` shows no habit; itself where it needs no escape. */
  readonly usual: (character: string, replaced: string) => string;
}

function spelling({ name, finder, valueOf, usual }: Alphabet): Spelling {
  return {
    name,
    decode: (raw) => decodedBy(raw, finder, valueOf),
    encode(value, replaced) {
      const habits = new Map<string, string>();
      for (let at = finder.find(replaced, 0); at !== -1; at = finder.find(replaced, finder.end)) {
        const written = replaced.slice(at, finder.end);
        const character = valueOf(written);
        if (character !== undefined) habits.set(character, written);
      }
      return Array.from(value, (character) => habits.get(character) ?? usual(character, replaced)).join("");
    },
  };
}

/** Entities that are ASCII characters and can stand in a URL or next to one: https://html.spec.whatwg.org/#named-character-references */
const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  ast: "*",
  colon: ":",
  comma: ",",
  equals: "=",
  excl: "!",
  gt: ">",
  lowbar: "_",
  lpar: "(",
  lt: "<",
  num: "#",
  percnt: "%",
  period: ".",
  plus: "+",
  quest: "?",
  quot: '"',
  rpar: ")",
  sol: "/",
};

const NEEDS_ENTITY: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML and XML. */
export const entities: Spelling = spelling({
  name: "entities",
  finder: patternFinder(/&(?:[a-z]{2,6}|#[0-9]{1,7}|#x[0-9a-f]{1,6});/gi),
  valueOf(escape) {
    const name = escape.slice(1, -1).toLowerCase();
    if (!name.startsWith("#")) return NAMED[name];
    return codePoint(name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
  },
  usual: (character) => NEEDS_ENTITY[character] ?? character,
});

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Not to be read together with the backslash before it. */
const NO_ESCAPE = /[\p{L}\p{N}\n\r]/u;
/** Those that are longer than two characters. */
const LONG_ESCAPE = /\\(?:u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2})/y;

/** By hand, since a document in a string of JSON has an escape in every line. */
const backslashes: EscapeFinder = {
  end: 0,
  find(raw, from) {
    const at = raw.indexOf("\\", from);
    const next = raw[at + 1];
    this.end = at + 2;
    if (next === "u" || next === "x") {
      LONG_ESCAPE.lastIndex = at;
      if (LONG_ESCAPE.test(raw)) this.end = LONG_ESCAPE.lastIndex;
    }
    return next === undefined ? -1 : at;
  },
};

/** Strings of JSON (RFC 8259 §7) and of JavaScript; also Markdown, where a backslash stands before any punctuation. */
export const script: Spelling = spelling({
  name: "script",
  finder: backslashes,
  valueOf(escape) {
    const [, kind = ""] = escape;
    if (escape.length > 2) return codeUnit(Number.parseInt(escape.slice(2).replaceAll(/[{}]/g, ""), 16));
    // `\d` and the like are no escapes here.
    return CONTROL_ESCAPES[kind] ?? (NO_ESCAPE.test(kind) ? undefined : kind);
  },
  usual(character, replaced) {
    if (character > "\u007e" && /\\u00[89a-f]|\\u0[1-9a-f]|\\u[1-9a-f]/i.test(replaced)) {
      return character.split("").map(hexEscape).join("");
    }
    return JSON.stringify(character).slice(1, -1);
  },
});

/** https://www.w3.org/TR/css-syntax-3/#consume-escaped-code-point */
export const css: Spelling = spelling({
  name: "css",
  finder: patternFinder(/\\(?:[0-9a-f]{1,6}[ \t\n]?|[^\n\r\f0-9a-f])/gi),
  valueOf(escape) {
    const hex = /^\\([0-9a-f]{1,6})/i.exec(escape)?.[1];
    return hex === undefined ? escape.slice(1) : codePoint(Number.parseInt(hex, 16));
  },
  usual(character) {
    if (/[\n\r\f]/.test(character)) return `\\${character.charCodeAt(0).toString(16)} `;
    return /[\\"'()\s]/.test(character) ? `\\${character}` : character;
  },
});

/**
 * A URL as the value of a parameter of another URL. What is left of bytes that are no UTF-8 stays as it is. A bare `+` is
 * a space: whoever escapes slashes also escapes a plus that is meant (https://url.spec.whatwg.org/#urlencoded-parsing).
 */
export const percent: Spelling = spelling({
  name: "percent",
  finder: patternFinder(
    /\+|%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/gi,
  ),
  valueOf(escape) {
    if (escape === "+") return " ";
    try {
      return decodeURIComponent(escape);
    } catch {
      return undefined;
    }
  },
  usual(character, replaced) {
    const upper = /^[A-Za-z0-9\-._~]$/.test(character)
      ? character
      : /^[!'()*]$/.test(character)
        ? `%${character.charCodeAt(0).toString(16).toUpperCase()}`
        : encodeURIComponent(character);
    return /%(?:[a-f]|[0-9][a-f])/.test(replaced) && upper.length > 1 ? upper.toLowerCase() : upper;
  },
});

/** A text as several layers write it, outermost first. */
export interface Peeled extends Decoded {
  /** What is to be written for `value`, in place of what the value has from its beginning to `until`. */
  write(value: string, until: number): string;
}

export function peel(raw: string, layers: readonly Spelling[]): Peeled {
  let peeled: Peeled = { value: raw, offset: (at) => at, write: (value) => value };
  for (const layer of layers) {
    const outer = peeled;
    const decoded = layer.decode(outer.value);
    peeled = {
      value: decoded.value,
      offset: (at) => outer.offset(decoded.offset(at)),
      write(value, until) {
        const end = decoded.offset(until);
        return outer.write(layer.encode(value, outer.value.slice(0, end)), end);
      },
    };
  }
  return peeled;
}

function codePoint(value: number): string | undefined {
  return value === 0 || value > 0x10ffff ? undefined : String.fromCodePoint(value);
}

/** Halves of a surrogate pair are written as two escapes. */
function codeUnit(value: number): string | undefined {
  return value > 0x10ffff ? undefined : String.fromCodePoint(value);
}

function hexEscape(unit: string): string {
  return String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, "0");
}
