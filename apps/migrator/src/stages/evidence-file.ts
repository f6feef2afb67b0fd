import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { once } from "node:events";

export interface WrittenEvidence {
  readonly file: string;
  readonly sha256: string;
  readonly lines: number;
}

export interface EvidenceFile {
  /** Adds one JSON object as a line. */
  add(line: object): Promise<void>;
  /** Ends the file, gives it its name, and writes its hash beside it, as `sha256sum -c` reads it. */
  finish(): Promise<WrittenEvidence>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

const FLUSH_BYTES = 256 * 1024;

/** A file of JSON lines that has its name only when it is whole. */
export async function evidenceFile(file: string): Promise<EvidenceFile> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.part`;
  const stream = createWriteStream(unfinished, { highWaterMark: FLUSH_BYTES });
  await once(stream, "open");
  const hash = createHash("sha256");
  let lines = 0;
  // Many write at once, and all of them wait for the same thing.
  let draining: Promise<unknown> | undefined;
  const drained = (): Promise<unknown> => {
    draining ??= once(stream, "drain").finally(() => {
      draining = undefined;
    });
    return draining;
  };
  return {
    async add(line) {
      const text = `${JSON.stringify(line)}\n`;
      lines++;
      hash.update(text);
      if (!stream.write(text)) await drained();
    },
    async finish() {
      stream.end();
      await once(stream, "finish");
      const sha256 = hash.digest("hex");
      await writeFile(`${file}.sha256`, `${sha256}  ${basename(file)}\n`);
      await rename(unfinished, file);
      return { file, sha256, lines };
    },
    async discard() {
      stream.destroy();
      await rm(unfinished, { force: true });
    },
  };
}
