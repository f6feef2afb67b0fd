import { arrayElement, arrayPieces, type LiteralPiece } from "./array-literal.ts";
import { hstorePieces } from "./hstore-literal.ts";
import { recordField, recordPieces } from "./record-literal.ts";
import type { Leaf } from "./leaf.ts";
import type { Shape } from "./shape.ts";

/** The value with each of its texts replaced by what `visit` makes of it; a value in which all stay comes back as it was. */
export function mapLeaves(text: string, shape: Shape, visit: (leaf: Leaf) => string): string {
  return map(text, shape, undefined, visit);
}

/** All texts of a value, in order. */
export function leavesOf(text: string, shape: Shape): readonly Leaf[] {
  const leaves: Leaf[] = [];
  mapLeaves(text, shape, (leaf) => {
    leaves.push(leaf);
    return leaf.value;
  });
  return leaves;
}

function map(text: string, shape: Shape, path: string | undefined, visit: (leaf: Leaf) => string): string {
  switch (shape.kind) {
    case "text":
    case "json":
      return visit({ value: text, path, isJson: shape.kind === "json", isName: false });
    case "array":
      return join(arrayPieces(text), path, () => shape.of, arrayElement, visit);
    case "composite": {
      const names = shape.fields.map((field) => field.name);
      const shapeAt = (index: number): Shape | undefined => shape.fields[index]?.shape;
      return join(recordPieces(text, names), path, shapeAt, recordField, visit);
    }
    case "hstore":
      // Every quote and backslash is escaped as in an array.
      return join(hstorePieces(text), path, () => ({ kind: "text" }), arrayElement, visit);
  }
}

function join(
  pieces: readonly LiteralPiece[],
  path: string | undefined,
  shapeAt: (index: number) => Shape | undefined,
  quote: (value: string) => string,
  visit: (leaf: Leaf) => string,
): string {
  let index = 0;
  return pieces
    .map((piece) => {
      if (typeof piece === "string") return piece;
      const shape = shapeAt(index);
      index += 1;
      if (shape === undefined || piece.value === undefined) return piece.raw;
      const inside = `${path ?? ""}${piece.path}`;
      if (piece.isName === true) {
        visit({ value: piece.value, path: inside, isJson: false, isName: true });
        return piece.raw;
      }
      const value = map(piece.value, shape, inside, visit);
      return value === piece.value ? piece.raw : quote(value);
    })
    .join("");
}
