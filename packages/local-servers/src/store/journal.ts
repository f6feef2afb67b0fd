import { closeSync, fdatasync, existsSync, openSync, readFileSync, renameSync, truncateSync, writeSync } from "node:fs";
import { promisify } from "node:util";

/** An append-only file of JSON lines: one line, one change that happened wholly or not at all. */
export interface Journal<Entry> {
  append(entry: Entry): void;
  /** Everything appended so far is on the disk. */
  sync(): Promise<void>;
  close(): void;
}

const NEWLINE = 0x0a;
/** Lines are written out in pieces of about this size when a journal is made anew. */
const REWRITE_BYTES = 1024 * 1024;

/**
 * The entries of a journal in their order. A last line without its end was being written when the process died; it is
 * cut off, since nobody was told that it happened.
 */
export function* readJournal<Entry>(path: string): Generator<Entry> {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) break;
    const text = bytes.toString("utf8", start, end);
    try {
      // Only this module writes the file, so a line that parses is an entry.
      yield JSON.parse(text) as Entry;
    } catch (cause) {
      throw new Error(`${path}: line ${line} is not JSON. The file was changed by other hands; remove its directory.`, {
        cause,
      });
    }
    start = end + 1;
  }
  if (start < bytes.length) truncateSync(path, start);
}

/** Replaces a journal as a whole by these entries. */
export function rewriteJournal<Entry>(path: string, entries: Iterable<Entry>): void {
  const temporary = `${path}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    let text = "";
    for (const entry of entries) {
      text += `${JSON.stringify(entry)}\n`;
      if (text.length > REWRITE_BYTES) {
        writeText(descriptor, text);
        text = "";
      }
    }
    writeText(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

/**
 * Opens a journal for appending. A line is written synchronously (some microseconds into the page cache): what was
 * acknowledged survives the death of the process, and the order on disk is the order in memory.
 */
export function openJournal<Entry>(path: string): Journal<Entry> {
  const descriptor = openSync(path, "a", 0o600);
  return {
    append(entry) {
      writeText(descriptor, `${JSON.stringify(entry)}\n`);
    },
    async sync() {
      await promisify(fdatasync)(descriptor);
    },
    close() {
      closeSync(descriptor);
    },
  };
}

function writeText(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let position = 0; position < bytes.length;) position += writeSync(descriptor, bytes, position);
}
