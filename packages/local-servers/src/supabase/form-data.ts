import { failures } from "./api-error.ts";

/** The first file of a form, and the text fields in front of it. */
export interface FormFile {
  readonly fields: ReadonlyMap<string, string>;
  readonly type: string;
  /** To be read once. Ends at the end of the file; throws when the request ends first. */
  readonly content: AsyncIterable<Uint8Array>;
}

const MAX_FIELDS = 10;
/** Longer fields are cut here, without a word. */
const MAX_FIELD_BYTES = 1024 * 1024;
const MAX_PART_HEADER_BYTES = 16 * 1024;
const CRLF = "\r\n";

/**
 * Reads `multipart/form-data` (RFC 7578) up to the first part with a file name and hands that one on as a stream, so that a
 * form of any size needs the memory of one chunk. Undefined when the form has no file.
 */
export async function readFormFile(
  contentType: string,
  source: AsyncIterable<Uint8Array>,
): Promise<FormFile | undefined> {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) throw failures.invalidRequest("Multipart: Boundary not found");
  const reader = delimitedReader(source);
  const delimiter = `${CRLF}--${name}`;

  // The first delimiter has no line before it that it could end.
  await reader.skipPast(`--${name}`);
  const fields = new Map<string, string>();
  let fieldCount = 0;
  while ((await reader.take(2)) === CRLF) {
    const headers = await reader.readUntil(`${CRLF}${CRLF}`, MAX_PART_HEADER_BYTES);
    const part = describePart(headers.text);
    if (part.isFile) return { fields, type: part.type, content: reader.streamUntil(delimiter) };
    fieldCount += 1;
    if (fieldCount > MAX_FIELDS) throw failures.invalidRequest("reach fields limit");
    fields.set(part.name, (await reader.readUntil(delimiter, MAX_FIELD_BYTES)).text);
  }
  return undefined;
}

interface PartHead {
  readonly name: string;
  readonly isFile: boolean;
  readonly type: string;
}

function describePart(headers: string): PartHead {
  const lines = headers.split(CRLF).map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const valueOf = (header: string): string => lines.find(([name]) => name === header)?.[1] ?? "";
  const disposition = valueOf("content-disposition");
  const type = valueOf("content-type");
  const [, name = ""] = /;\s*name="((?:[^"\\]|\\.)*)"/i.exec(disposition) ?? [];
  return {
    name,
    isFile: /;\s*filename\*?=/i.test(disposition) || type === "application/octet-stream",
    type: type || "text/plain",
  };
}

interface DelimitedReader {
  skipPast(delimiter: string): Promise<void>;
  take(bytes: number): Promise<string>;
  /** Everything up to the delimiter, which is consumed; what is longer than `maxBytes` is cut. */
  readUntil(delimiter: string, maxBytes: number): Promise<{ readonly text: string }>;
  streamUntil(delimiter: string): AsyncIterable<Uint8Array>;
}

function delimitedReader(source: AsyncIterable<Uint8Array>): DelimitedReader {
  const chunks = source[Symbol.asyncIterator]();
  let buffered: Buffer = Buffer.alloc(0);

  const fill = async (): Promise<void> => {
    const next = await chunks.next();
    if (next.done === true) throw failures.invalidRequest("Unexpected end of form");
    buffered = buffered.length === 0 ? Buffer.from(next.value) : Buffer.concat([buffered, next.value]);
  };

  async function* streamUntil(delimiter: string): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const end = buffered.indexOf(delimiter);
      if (end !== -1) {
        if (end > 0) yield buffered.subarray(0, end);
        buffered = buffered.subarray(end + delimiter.length);
        return;
      }
      // The last bytes may be the beginning of the delimiter.
      const safe = buffered.length - delimiter.length + 1;
      if (safe > 0) {
        yield buffered.subarray(0, safe);
        buffered = buffered.subarray(safe);
      }
      await fill();
    }
  }

  return {
    streamUntil,
    async skipPast(delimiter) {
      for await (const _ of streamUntil(delimiter));
    },
    async take(bytes) {
      while (buffered.length < bytes) await fill();
      const taken = buffered.toString("latin1", 0, bytes);
      buffered = buffered.subarray(bytes);
      return taken;
    },
    async readUntil(delimiter, maxBytes) {
      const kept: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of streamUntil(delimiter)) {
        const piece = chunk.subarray(0, Math.max(maxBytes - bytes, 0));
        bytes += piece.length;
        if (piece.length > 0) kept.push(piece);
      }
      return { text: Buffer.concat(kept).toString("utf8") };
    },
  };
}
