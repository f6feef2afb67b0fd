/** What is wrong with an evidence file, and where. `problem` goes on after "line n". */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  /** From 1. */
  readonly line: number;
  /** Of the line's first byte. */
  readonly offset: number;

  constructor(line: number, offset: number, problem: string) {
    super(`Line ${line} (from byte ${offset}) ${problem}.`);
    this.line = line;
    this.offset = offset;
  }
}
