import { endOfQuoted, unquoted, type LiteralPiece } from "./array-literal.ts";

/**
 * Names and values of an hstore as Postgres prints it: `"a"=>"1", "b"=>NULL`; everything but NULL is in quotes.
 * https://www.postgresql.org/docs/current/hstore.html#HSTORE-EXTERNAL-REP
 */
export function hstorePieces(text: string): readonly LiteralPiece[] {
  const pieces: LiteralPiece[] = [];
  for (let at = 0; at < text.length;) {
    const nameEnd = endOfQuoted(text, at);
    const rawName = text.slice(at, nameEnd);
    const path = `[${JSON.stringify(unquoted(rawName))}]`;
    pieces.push({ raw: rawName, value: unquoted(rawName), path, isName: true });
    const valueStart = nameEnd + "=>".length;
    const isNull = text.startsWith("NULL", valueStart);
    const valueEnd = isNull ? valueStart + 4 : endOfQuoted(text, valueStart);
    const rawValue = text.slice(valueStart, valueEnd);
    const next = text.indexOf('"', valueEnd);
    pieces.push("=>", { raw: rawValue, value: isNull ? undefined : unquoted(rawValue), path });
    pieces.push(text.slice(valueEnd, next === -1 ? undefined : next));
    at = next === -1 ? text.length : next;
  }
  return pieces;
}
