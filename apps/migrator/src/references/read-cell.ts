import type { Cell } from "./cell.ts";
import type { Occurrence } from "./text/occurrence.ts";

/** A text of a cell as it was read, with everything in it that names an object of ours. */
export interface ReadText {
  readonly text: string;
  readonly occurrences: readonly Occurrence[];
}

/** The whole text of a cell, or one inside it. */
export interface ReadLeaf extends ReadText {
  /** Its place among all texts of the cell. */
  readonly index: number;
  /** It names a value instead of being one, and stays. */
  readonly isName: boolean;
}

/** A cell as it is now. */
export interface OneCell {
  readonly cell: Cell;
  /** Its texts that hold a reference, or something that looks like one. */
  readonly leaves: readonly ReadLeaf[];
}
