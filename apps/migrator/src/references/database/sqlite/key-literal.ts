import type { KeyValue } from "../../cell.ts";

/**
 * A value of a key as SQLite's `quote()` writes it, which keeps its type: `7`, `'a''b'`, `X'00FF'`, `NULL`. In SQLite the type
 * belongs to the value and not to the column, and a 7 is no '7'.
 * https://www.sqlite.org/lang_corefunc.html#quote
 */
export type KeyLiteral = string;

export function valueOfLiteral(literal: KeyLiteral): string | number | bigint | Buffer | null {
  if (literal === "NULL") return null;
  if (literal.startsWith("'")) return literal.slice(1, -1).replaceAll("''", "'");
  if (/^x'/i.test(literal)) return Buffer.from(literal.slice(2, -1), "hex");
  return /^-?\d+$/.test(literal) ? BigInt(literal) : Number(literal);
}

/** As it is shown, and as JSON can hold it. */
export function shownLiteral(literal: KeyLiteral): KeyValue {
  const value = valueOfLiteral(literal);
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return Buffer.isBuffer(value) ? value.toString("hex") : value;
}

/** What a person wrote may be a number or a text that looks like one. */
export function literalsFor(value: string): readonly KeyLiteral[] {
  const text = `'${value.replaceAll("'", "''")}'`;
  return /^-?\d+(?:\.\d+)?$/.test(value) ? [value, text] : [text];
}
