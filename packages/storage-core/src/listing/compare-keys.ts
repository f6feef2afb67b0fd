/**
 * The order of UTF-8 bytes, in which S3 lists: negative when `one` comes first, zero for the same key.
 *
 * UTF-16 units sort the same way, with one exception: surrogates (D800–DFFF), which stand for everything from U+10000 on,
 * have to come after U+E000–U+FFFF. So nothing is encoded; two units at most are moved before they are compared.
 */
export function compareKeys(one: string, other: string): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index += 1) {
    const left = one.charCodeAt(index);
    const right = other.charCodeAt(index);
    if (left !== right) return byteOrder(left) - byteOrder(right);
  }
  return one.length - other.length;
}

function byteOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
