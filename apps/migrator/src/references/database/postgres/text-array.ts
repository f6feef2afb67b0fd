const HEADER_BYTES = 20;
/** pg_type.dat: the type of the elements has to be named, and is the same on every server. */
const TEXT_OID = 25;

/**
 * Texts as a parameter of the type `text[]`, in the format that Postgres itself stores arrays in: nothing has to be escaped here,
 * and nothing parsed there, which is most of what a batch of long texts costs as a literal.
 * Dimensions, flags (no nulls), element type; of the dimension its length and lower bound; then each element behind its length
 * (`array_recv` in src/backend/utils/adt/arrayfuncs.c).
 */
export function textArray(texts: readonly string[]): Buffer {
  if (texts.length === 0) return emptyArray();
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const array = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size + 4, HEADER_BYTES));
  let at = writeHeader(array, [1, 0, TEXT_OID, texts.length, 1]);
  texts.forEach((text, index) => {
    at = array.writeInt32BE(sizes[index] ?? 0, at);
    at += array.write(text, at);
  });
  return array;
}

function emptyArray(): Buffer {
  const array = Buffer.allocUnsafe(12);
  writeHeader(array, [0, 0, TEXT_OID]);
  return array;
}

function writeHeader(array: Buffer, fields: readonly number[]): number {
  return fields.reduce((at, field) => array.writeInt32BE(field, at), 0);
}
