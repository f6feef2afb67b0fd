/** One string literal of a JSON text. Offsets are of what stands between its quotes. */
export interface JsonString {
  readonly start: number;
  readonly end: number;
  /** `$.cover.url`, `$.files[3]`; a member's name has the path of the member. */
  readonly path: string;
}

interface Container {
  readonly path: string;
  readonly isObject: boolean;
  index: number;
  /** The member whose value comes next; undefined while a name is expected. */
  member: string | undefined;
}

/**
 * All string literals of a JSON text, in order, names of members included. The text must be valid JSON (RFC 8259):
 * nothing is parsed into values, so key order, white space and digits of numbers cannot be lost.
 */
export function* jsonStrings(text: string): Generator<JsonString> {
  const open: Container[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const container = open.at(-1);
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at + 1);
        const isName = container?.isObject === true && container.member === undefined;
        if (isName) container.member = text.slice(at + 1, end);
        yield { start: at + 1, end, path: pathIn(container) };
        at = end;
        break;
      }
      case 0x7b:
      case 0x5b:
        open.push({ path: pathIn(container), isObject: text.charCodeAt(at) === 0x7b, index: 0, member: undefined });
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        break;
      case 0x2c:
        if (container !== undefined) {
          container.index += 1;
          container.member = undefined;
        }
        break;
    }
  }
}

function endOfString(text: string, from: number): number {
  for (let at = from; ; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0x5c) at += 1;
    else if (unit === 0x22 || Number.isNaN(unit)) return at;
  }
}

function pathIn(container: Container | undefined): string {
  if (container === undefined) return "$";
  if (!container.isObject) return `${container.path}[${container.index}]`;
  const member = container.member ?? "";
  return /^[A-Za-z_]\w*$/.test(member) ? `${container.path}.${member}` : `${container.path}["${member}"]`;
}

/** The value of a literal's content, and which offset of the content each of its UTF-16 units came from. */
export interface DecodedString {
  readonly value: string;
  /** Offset in the content for an offset in the value, its end included. */
  offset(valueOffset: number): number;
}

export function decodeJsonString(content: string): DecodedString {
  if (!content.includes("\\")) return { value: content, offset: (at) => at };
  const units: string[] = [];
  const offsets: number[] = [];
  for (let at = 0; at < content.length;) {
    const length = content[at] !== "\\" ? 1 : content[at + 1] === "u" ? 6 : 2;
    units.push(length === 1 ? (content[at] ?? "") : (JSON.parse(`"${content.slice(at, at + length)}"`) as string));
    offsets.push(at);
    at += length;
  }
  offsets.push(content.length);
  return { value: units.join(""), offset: (at) => offsets[at] ?? content.length };
}

/** A value as the content of a literal, with the habits of the text that it replaces: `\/` for a slash, `\u0026` for `&`. */
export function encodeJsonString(value: string, replaced: string): string {
  let content = JSON.stringify(value).slice(1, -1);
  if (replaced.includes("\\/")) content = content.replaceAll("/", "\\/");
  if (/\\u0026/i.test(replaced)) content = content.replaceAll("&", String.raw`\u0026`);
  return content;
}
