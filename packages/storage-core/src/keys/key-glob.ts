/**
 * Patterns for keys. Keys are names, not paths: `..`, `//`, a line break or an emoji is a part of a name like any other, and a
 * pattern that would not see one of them could not be trusted to leave something out. So this is a grammar of its own, the
 * smallest one that people know from file names:
 *
 * | write | matches |
 * | --- | --- |
 * | `*` | any characters but `/`, also none |
 * | `**` | any characters, also none |
 * | `**` and then `/`, at the beginning or after a `/` | any number of whole folders, also none |
 * | `?` | one character but `/` |
 * | `[abc]`, `[a-z]`, `[!a-z]` | one character (not) of these, never `/` |
 * | `{jpg,png}` | one of these patterns; may be nested |
 * | `\*` | the character itself |
 *
 * A pattern matches the whole key, and case matters: `img/**` does not match `img2/a`, and `img` only the key `img`.
 */
export interface KeyGlob {
  readonly pattern: string;
  matches(key: string): boolean;
}

/** What is wrong with a pattern, as the end of a sentence that begins with where it stands. */
export class KeyGlobError extends Error {
  override readonly name = "KeyGlobError";
}

/** @throws KeyGlobError when the pattern cannot be understood */
export function keyGlob(pattern: string): KeyGlob {
  if (pattern === "") throw new KeyGlobError("is empty. Write ** for every key.");
  if (!pattern.isWellFormed()) throw new KeyGlobError("holds half of a character.");
  const expression = new RegExp(`^(?:${sourceOf(pattern)})$`, "su");
  return { pattern, matches: (key) => expression.test(key) };
}

/** The source of a regular expression (flags `s` and `u`) for a pattern. */
function sourceOf(pattern: string): string {
  const characters = Array.from(pattern);
  let source = "";
  let depth = 0;
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    switch (character) {
      case "\\": {
        const next = characters[++at];
        if (next === undefined) throw new KeyGlobError("ends in a backslash. Write \\\\ for a backslash itself.");
        source += literal(next);
        break;
      }
      case "*": {
        if (characters[at + 1] !== "*") {
          source += "[^/]*";
          break;
        }
        const begins = at === 0 || characters[at - 1] === "/";
        at++;
        if (begins && characters[at + 1] === "/") {
          at++;
          source += "(?:.*/)?";
        } else {
          source += ".*";
        }
        break;
      }
      case "?":
        source += "[^/]";
        break;
      case "[": {
        const end = characters.indexOf("]", at + 2);
        if (end === -1) throw new KeyGlobError("has a [ without its ]. Write \\[ for the character itself.");
        source += setOf(characters.slice(at + 1, end));
        at = end;
        break;
      }
      case "{":
        depth++;
        source += "(?:";
        break;
      case "}":
        if (depth === 0) throw new KeyGlobError("has a } without its {. Write \\} for the character itself.");
        depth--;
        source += ")";
        break;
      case ",":
        source += depth > 0 ? "|" : ",";
        break;
      default:
        source += literal(character);
    }
  }
  if (depth > 0) throw new KeyGlobError("has a { without its }. Write \\{ for the character itself.");
  return source;
}

/** `a-z` is a range, a `-` at either end itself. */
function setOf(characters: readonly string[]): string {
  const negated = characters[0] === "!";
  const members = negated ? characters.slice(1) : characters;
  if (members.length === 0) throw new KeyGlobError("has a set [!] of nothing.");
  let set = "";
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? "";
    const to = members[at + 2];
    if (members[at + 1] !== "-" || to === undefined) {
      set += literal(from);
      continue;
    }
    if ((from.codePointAt(0) ?? 0) > (to.codePointAt(0) ?? 0)) {
      throw new KeyGlobError(`has a range [${from}-${to}] that runs backwards.`);
    }
    set += `${literal(from)}-${literal(to)}`;
    at += 2;
  }
  return negated ? `[^/${set}]` : `(?!/)[${set}]`;
}

/** Letters and digits mean themselves; all others are written as a number, which means the same inside a set and outside. */
function literal(character: string): string {
  return /[a-z0-9]/i.test(character) ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
