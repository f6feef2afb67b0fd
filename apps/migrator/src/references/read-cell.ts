import type { Cell } from "./cell.ts";
import type { Leaf } from "./database/shape/leaf.ts";
import type { Occurrence } from "./text/occurrence.ts";

/** A cell as it was read, with everything in it that names an object of ours. */
export interface ReadCell {
  readonly cell: Cell;
  readonly text: string;
  readonly occurrences: readonly Occurrence[];
}

/** A text inside a cell, with everything in it that names an object of ours. */
export interface ReadLeaf extends ReadCell {
  readonly leaf: Leaf;
  /** Its place among all texts of the cell. */
  readonly index: number;
}

/** A cell as it is now. */
export interface OneCell {
  readonly cell: Cell;
  /** Its texts that hold a reference, or something that looks like one. */
  readonly leaves: readonly ReadLeaf[];
}
