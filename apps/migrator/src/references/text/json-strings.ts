/** One string literal of a JSON text. Offsets are of what stands between its quotes. */
export interface JsonString {
  readonly start: number;
  readonly end: number;
  /** `$.cover.url`, `$.files[3]`; a member's name has the path of the member. */
  readonly path: () => string;
}

/** A step on the way to a value: the array or object it is in, and where in it. */
interface Container {
  readonly within: Container | undefined;
  readonly isObject: boolean;
  index: number;
  /** The member whose value comes next; undefined while a name is expected. */
  member: string | undefined;
}

/** Paths of literals that lie deeper begin with `…`: nobody reads them, and made up for attack they would fill the memory. */
const LONGEST_PATH = 32;

/**
 * All string literals of a JSON text, in order, names of members included. The text must be valid JSON (RFC 8259):
 * nothing is parsed into values, so key order, white space and digits of numbers cannot be lost.
 */
export function* jsonStrings(text: string): Generator<JsonString> {
  const mark = /["{}[\],]/g;
  let container: Container | undefined;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const at = found.index;
    switch (found[0]) {
      case '"': {
        const end = endOfString(text, at + 1);
        const isName = container?.isObject === true && container.member === undefined;
        if (isName && container !== undefined) container.member = text.slice(at + 1, end);
        const here = container;
        yield { start: at + 1, end, path: () => pathIn(here) };
        mark.lastIndex = end + 1;
        break;
      }
      case "{":
      case "[":
        container = { within: container, isObject: found[0] === "{", index: 0, member: undefined };
        break;
      case "}":
      case "]":
        container = container?.within;
        break;
      default:
        if (container !== undefined) {
          container.index += 1;
          container.member = undefined;
        }
    }
  }
}

function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (quote - backslashes > from && text[quote - backslashes - 1] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return quote;
  }
  return text.length;
}

function pathIn(container: Container | undefined): string {
  const steps: string[] = [];
  let one = container;
  for (; one !== undefined && steps.length < LONGEST_PATH; one = one.within) steps.unshift(stepIn(one));
  return `${one === undefined ? "$" : "$…"}${steps.join("")}`;
}

function stepIn({ isObject, index, member = "" }: Container): string {
  if (!isObject) return `[${index}]`;
  return /^[A-Za-z_]\w*$/.test(member) ? `.${member}` : `["${member}"]`;
}
