import type { CellAddress } from "./cell.ts";
import { cellOf, tableCell, type CellSource } from "./cells.ts";
import { DatabaseError } from "./contract.ts";
import type { KeyColumn } from "./database/table.ts";
import type { OneCell } from "./read-cell.ts";

/** @throws DatabaseError when there is no such column, row or text */
export async function readOneCell(source: CellSource, { table, column, key }: CellAddress): Promise<OneCell> {
  for (const one of source.catalogue.tables) {
    const wanted = one.columns.find(({ name }) => name === column);
    if (wanted === undefined) continue;
    for (const literals of keysFor(source, one.key, key, table)) {
      const text = await source.dialect.readCell(one, literals, wanted);
      // A partition has other rows than its neighbour.
      if (text === undefined) continue;
      const cell = cellOf(source.dialect, one, wanted, literals);
      const found = text === null ? undefined : tableCell(literals, { column: wanted, text }, one, source);
      return { cell, leaves: found?.leaves ?? [] };
    }
  }
  if (!source.catalogue.tables.some(({ columns }) => columns.some(({ name }) => name === column))) {
    throw new DatabaseError("unreachable", `${table} has no column ${column} that is looked at`, {
      hint: "`bucketferry doctor` lists the columns, and what is left out.",
    });
  }
  throw new DatabaseError("unreachable", `${table} has no row with this key`, {
    hint: `Write the values of its key: ${source.catalogue.tables[0]?.key.map(({ name }) => `${name}=…`).join(",") ?? ""}`,
  });
}

/** Every way to read the values that were given: where a database has 7 and '7', both. */
function keysFor(
  { dialect }: CellSource,
  columns: readonly KeyColumn[],
  key: CellAddress["key"],
  table: string,
): readonly (readonly string[])[] {
  const values = columns.map(({ name }) =>
    typeof key === "string" ? (columns.length === 1 ? key : undefined) : key[name],
  );
  if (values.includes(undefined)) {
    const names = columns.map(({ name }) => name);
    throw new DatabaseError("unreachable", `the key of ${table} is ${names.join(", ")}`, {
      hint: `Write @${names.map((name) => `${name}=…`).join(",")}`,
    });
  }
  return columns.reduce<string[][]>(
    (begun, column, index) =>
      begun.flatMap((before) =>
        dialect.keyLiterals(values[index] ?? "", column).map((literal) => [...before, literal]),
      ),
    [[]],
  );
}
