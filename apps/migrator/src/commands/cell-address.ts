import type { CellAddress } from "../references/cell.ts";

/**
 * `lectures.audio_url@17`, `public.users.image@school=North,name=Ada`, or with the key as an event shows it:
 * `users.image@{"school":"North","name":"Ada"}`. Undefined for any other text, such as a URL.
 */
export function parseCellAddress(text: string): CellAddress | undefined {
  const [, table, column, key] = /^([^@/:?#]+)\.([^@/:?#.]+)@(.+)$/s.exec(text) ?? [];
  if (table === undefined || column === undefined || key === undefined) return undefined;
  return { table, column, key: keyIn(key) };
}

function keyIn(text: string): CellAddress["key"] {
  if (text.startsWith("{")) {
    try {
      const values = Object.entries(JSON.parse(text) as Record<string, unknown>);
      return Object.fromEntries(
        values.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
      );
    } catch {
      return text;
    }
  }
  const pairs = text.split(",").map((pair) => /^([^=]+)=(.*)$/s.exec(pair));
  if (pairs.some((pair) => pair === null)) return text;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}
