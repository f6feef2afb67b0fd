/** A piece of a literal: text that stays, or one item of it. */
export type LiteralPiece = string | LiteralItem;

export interface LiteralItem {
  /** As it stands in the literal. */
  readonly raw: string;
  /** Its value; undefined for NULL. */
  readonly value: string | undefined;
  /** Where it is: `[2][1]`, `.url`, `["cover"]`. */
  readonly path: string;
  /** The value names something instead of being something: the key of an hstore. */
  readonly isName?: boolean;
}

/**
 * The elements of an array, as Postgres prints it: braces for every dimension, the bounds in front where they do not begin at 1.
 * Paths are subscripts: `[2][1]` is what SQL has to write to get the element.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function arrayPieces(text: string): readonly LiteralPiece[] {
  const pieces: LiteralPiece[] = [];
  const start = text.indexOf("{");
  const lower =
    text
      .slice(0, start)
      .match(/-?\d+(?=:)/g)
      ?.map(Number) ?? [];
  const subscripts: number[] = [];
  let depth = 0;
  let kept = 0;
  let at = start;
  const keepUpTo = (end: number): void => {
    if (end > kept) pieces.push(text.slice(kept, end));
  };
  while (at < text.length) {
    const character = text[at];
    if (character === "{") {
      subscripts[depth] = lower[depth] ?? 1;
      depth += 1;
      at += 1;
    } else if (character === "}") {
      depth -= 1;
      at += 1;
    } else if (character === ",") {
      subscripts[depth - 1] = (subscripts[depth - 1] ?? 0) + 1;
      at += 1;
    } else {
      const end = character === '"' ? endOfQuoted(text, at) : endOfBare(text, at);
      const raw = text.slice(at, end);
      keepUpTo(at);
      pieces.push({
        raw,
        value: raw === "NULL" ? undefined : unquoted(raw),
        path: subscripts
          .slice(0, depth)
          .map((subscript) => `[${subscript}]`)
          .join(""),
      });
      kept = end;
      at = end;
    }
  }
  keepUpTo(text.length);
  return pieces;
}

/** An element as it may stand in any array; Postgres itself decides, when it prints it, whether the quotes are needed. */
export function arrayElement(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

export function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function endOfBare(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== "," && text[at] !== "}") at += 1;
  return at;
}

export function unquoted(raw: string): string {
  return raw.startsWith('"') ? raw.slice(1, -1).replaceAll(/\\(.)/gs, "$1") : raw;
}
