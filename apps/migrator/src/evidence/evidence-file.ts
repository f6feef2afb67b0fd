import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { lineFile } from "../report/line-file.ts";
import { prevOf, sealText, type EvidenceLine } from "./evidence-lines.ts";
import { merkleTree } from "./merkle-tree.ts";

export interface WrittenEvidence {
  readonly file: string;
  /** Of the whole file, hex. */
  readonly sha256: string;
  /** Of the Merkle tree over all lines but the last, hex. */
  readonly root: string;
  readonly lines: number;
}

export interface EvidenceFile {
  /** Adds a line: the header first, the summary last. */
  add(line: EvidenceLine): void;
  /** Resolves when the disk has caught up. */
  drained(): Promise<void>;
  /** Seals the file, gives it its name, and writes its hash beside it, as `sha256sum -c` reads it. */
  finish(): Promise<WrittenEvidence>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** Writes an evidence file (docs/evidence.md). Memory does not grow with the number of lines. */
export async function evidenceFile(path: string): Promise<EvidenceFile> {
  const file = await lineFile(path);
  const tree = merkleTree();
  let prev: string | undefined;
  return {
    add({ type, ...facts }) {
      const text = JSON.stringify({ type, ...(prev === undefined ? {} : { prev }), ...facts });
      prev = prevOf(tree.add(Buffer.from(text, "utf8")));
      file.write(`${text}\n`);
    },
    drained: file.drained,
    async finish() {
      const root = tree.root().toString("hex");
      file.write(`${sealText(prev ?? "", { lines: tree.size, root, sha256: file.sha256() })}\n`);
      const sha256 = file.sha256();
      await file.finish();
      await writeFile(`${path}.sha256`, `${sha256}  ${basename(path)}\n`);
      return { file: path, sha256, root, lines: tree.size + 1 };
    },
    discard: file.discard,
  };
}
