/**
 * How the text of a value is put together, as its database prints it. Postgres prints every value so that reading the text
 * back gives the same value; so arrays, composites and hstores are taken apart in that text and put together again, and
 * a cell is one text from the read to the compare-and-swap, whatever its type.
 */
export type Shape =
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | { readonly kind: "array"; readonly of: Shape }
  /** A field without a shape holds no text: it is passed over. */
  | { readonly kind: "composite"; readonly fields: readonly CompositeField[] }
  | { readonly kind: "hstore" };

export interface CompositeField {
  readonly name: string;
  readonly shape: Shape | undefined;
}

export const TEXT: Shape = { kind: "text" };
export const JSON_TEXT: Shape = { kind: "json" };
