/** A value of a primary key, as JSON can hold it; a 64-bit integer beyond 2^53 and a date come as strings. */
export type KeyValue = string | number | boolean | null;

/** One column of one row. */
export interface Cell {
  /** As the database prints it without quotes: `lectures`, or `public.lectures` where there are schemas. */
  readonly table: string;
  readonly column: string;
  /** Column → value, in the order of the key. A table without a key has the database's own row address under its name. */
  readonly primaryKey: Readonly<Record<string, KeyValue>>;
}

/** Which cell somebody means. */
export interface CellAddress {
  readonly table: string;
  readonly column: string;
  /** Values of the row's key: by the names of its columns, or the only one there is. */
  readonly key: string | Readonly<Record<string, string>>;
}
