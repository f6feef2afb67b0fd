import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

/** A text file that is written piece by piece and has its name only when it is whole. */
export interface LineFile {
  /** Takes a piece at once; what it asks of the caller is to wait for `drained` now and then. */
  write(text: string): void;
  /** Resolves when the disk has caught up, so that memory does not grow with the file. */
  readonly drained: () => Promise<void>;
  /** SHA-256 of everything that was written so far, hex. */
  sha256(): string;
  /** Puts it on the disk and gives it its name, over a file of the same name. */
  readonly finish: () => Promise<void>;
  /** Leaves nothing behind. */
  readonly discard: () => Promise<void>;
}

const BUFFER_BYTES = 256 * 1024;

/** @throws CommandError where a folder has that name; what the file system says (ENOSPC, EACCES …), from whichever call comes after it */
export async function lineFile(path: string): Promise<LineFile> {
  await mkdir(dirname(path), { recursive: true });
  // A rename over a folder fails, and would do so when hours of work are over.
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
    throw new CommandError(EXIT.usage, "PathIsFolder", `${path} is a folder.`, { hint: "Name a file in it." });
  }
  const unfinished = `${path}.part`;
  // `flush`: what has its name is on the disk, also after a loss of power.
  const stream = createWriteStream(unfinished, { highWaterMark: BUFFER_BYTES, flush: true });
  let failure: { readonly error: Error } | undefined;
  stream.on("error", (error) => {
    failure ??= { error };
  });
  await once(stream, "open");
  const hash = createHash("sha256");
  let buffered: string[] = [];
  let bufferedLength = 0;
  // One for all who wait, since as many listeners as there are references under way would look like a leak.
  let draining: Promise<unknown> | undefined;
  const flush = (): void => {
    if (buffered.length === 0) return;
    const bytes = Buffer.from(buffered.join(""), "utf8");
    buffered = [];
    bufferedLength = 0;
    hash.update(bytes);
    stream.write(bytes);
  };
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    write(text) {
      buffered.push(text);
      bufferedLength += text.length;
      if (bufferedLength >= BUFFER_BYTES) flush();
    },
    async drained() {
      throwFailure();
      // Asked of the stream at this moment: an earlier "drain" may have come while nobody listened, and no other would follow.
      if (!stream.writableNeedDrain) return;
      draining ??= once(stream, "drain").finally(() => {
        draining = undefined;
      });
      await draining;
    },
    sha256() {
      flush();
      return hash.copy().digest("hex");
    },
    async finish() {
      flush();
      throwFailure();
      stream.end();
      await once(stream, "close");
      throwFailure();
      await rename(unfinished, path);
    },
    async discard() {
      if (!stream.closed) {
        stream.destroy();
        await once(stream, "close");
      }
      await rm(unfinished, { force: true });
    },
  };
}
