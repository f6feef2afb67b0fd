import type { LiteralPiece } from "./array-literal.ts";

/**
 * The fields of a composite value as Postgres prints it: `(a,"b ""c""",)`, nothing between two commas for NULL.
 * https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
export function recordPieces(text: string, fields: readonly string[]): readonly LiteralPiece[] {
  const pieces: LiteralPiece[] = ["("];
  let at = 1;
  for (const [index, name] of fields.entries()) {
    const end = endOfField(text, at);
    const raw = text.slice(at, end);
    pieces.push({ raw, value: raw === "" ? undefined : unquotedField(raw), path: `.${name}` });
    pieces.push(index === fields.length - 1 ? ")" : ",");
    at = end + 1;
  }
  return pieces;
}

export function recordField(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '""')}"`;
}

function endOfField(text: string, start: number): number {
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    // A doubled quote inside quotes ends them and begins them again, which comes to the same.
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === "," || character === ")")) return at;
  }
  return text.length;
}

function unquotedField(raw: string): string {
  if (!raw.startsWith('"')) return raw.replaceAll(/\\(.)/gs, "$1");
  return raw.slice(1, -1).replaceAll(/""|\\(.)/gs, (both, escaped: string | undefined) => escaped ?? both[0] ?? "");
}
