/** A text inside a value: the value itself, an element of an array, a field … */
export interface Leaf {
  readonly value: string;
  /** Undefined: it is the whole cell. */
  readonly path: string | undefined;
  readonly isJson: boolean;
  /** It names a value instead of being one, and stays. */
  readonly isName: boolean;
}
