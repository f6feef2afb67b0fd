/** What a statement takes: SQLite's types as JavaScript has them. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/**
 * Statements on the one connection of a ledger's file. Each text is prepared once, so values are parameters and never part of
 * it. SQLite is in this process and answers at once, which is why nothing here is a promise.
 */
export interface Sql {
  all<Row>(text: string, ...parameters: readonly SqlValue[]): Row[];
  first<Row>(text: string, ...parameters: readonly SqlValue[]): Row | undefined;
  /** Resolves with how many rows were written. */
  run(text: string, ...parameters: readonly SqlValue[]): number;
  /** One or more statements without parameters: what changes the schema. */
  exec(text: string): void;
  /** For a statement that runs once for every object: the search for it costs as much as a small statement. */
  prepare(text: string): RowStatement;
}

export interface RowStatement {
  /** How many rows it wrote. */
  run(parameters: readonly SqlValue[]): number;
}

/** `?, ?, ?`: one for each value of a list. */
export function placeholders(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
