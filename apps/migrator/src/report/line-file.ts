import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@bucketferry/storage-core/node";
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

/** A full disk is nobody's mistake; everything else is the wrong place. */
function cannotMake(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code === "ENOSPC" || error.code === "EDQUOT")
    return error;
  return new CommandError(EXIT.usage, "PathNotWritable", `${path} cannot be written (${String(error.code)}).`, {
    hint: "Name a file in a folder that this user may write.",
    cause: error,
  });
}

/** @throws CommandError where no file can be made there; what the file system says later (ENOSPC …), from whichever call comes after it */
export async function lineFile(path: string): Promise<LineFile> {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw cannotMake(path, error);
  }
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
  await once(stream, "open").catch((error: unknown) => {
    throw cannotMake(path, error);
  });
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
