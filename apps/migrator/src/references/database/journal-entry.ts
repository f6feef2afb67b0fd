import type { CellChange, RowChange, TableName } from "./table.ts";

/** One reference that a write changed. */
export interface JournalledReference {
  readonly route: string;
  /** The object's key at the source. */
  readonly key: string;
  readonly path?: string | undefined;
  /** The reference's text after the write. */
  readonly text: string;
}

/** A cell that is written, and what the journal says of it. */
export interface CellRewrite extends CellChange {
  readonly references: readonly JournalledReference[];
}

export interface RowRewrite extends RowChange {
  readonly cells: readonly CellRewrite[];
}

/** A write that is taken back: from the text that the journal has as its result to the one before. */
export interface CellRestore extends CellChange {
  readonly entry: Pick<JournalEntry, "id">;
}

export interface RowRestore extends RowChange {
  readonly cells: readonly CellRestore[];
}

export interface JournalEntry {
  readonly id: number;
  readonly table: TableName;
  readonly label: string;
  readonly column: string;
  /** Column → value as text, in the order of the key. */
  readonly rowKey: Readonly<Record<string, string>>;
  readonly before: string;
  readonly after: string;
  /** Read when it is asked for. */
  readonly references: readonly JournalledReference[];
}
