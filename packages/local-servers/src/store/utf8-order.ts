/**
 * Compares two strings by the bytes of their UTF-8 form, as every S3 service orders keys.
 *
 * JavaScript compares UTF-16 code units, which puts characters above U+FFFF (surrogate pairs, D800–DFFF) before
 * U+E000–U+FFFF. Moving surrogates behind that block gives the order of code points, and that is the order of UTF-8 bytes.
 */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(codeUnit: number): number {
  if (codeUnit < 0xd800) return codeUnit;
  return codeUnit < 0xe000 ? codeUnit + 0x2000 : codeUnit - 0x800;
}
