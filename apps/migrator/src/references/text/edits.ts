/** A replacement of a part of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** All edits at once; they do not overlap and come in order. Everything between them stays as it is. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end, text: piece } of edits) {
    pieces.push(text.slice(from, start), piece);
    from = end;
  }
  return pieces.join("") + text.slice(from);
}
