import { S3Error } from "./s3-error.ts";

/** Everything before the file's content has to fit into this, as at S3. */
const MAX_FIELD_BYTES = 20 * 1024;

export interface UploadForm {
  /** Fields before the file, by lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  readonly fileType: string | undefined;
  /** The file's content; it flows while it is read. What follows it in the form is not looked at. */
  readonly file: AsyncIterable<Uint8Array>;
}

/**
 * Reads a form (multipart/form-data, RFC 7578) up to its field `file`, which S3 wants last. Not a library: those read
 * files into memory or to a disk of their own, or hand them out before later fields are known.
 */
export async function readForm(
  source: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
): Promise<UploadForm> {
  const boundary = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? "");
  if (boundary === null) {
    throw new S3Error("PreconditionFailed", {
      message: "Bucket POST must be of the enclosure-type multipart/form-data",
      fields: { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" },
    });
  }
  const input = new PartInput(source, boundary[1] ?? boundary[2] ?? "");
  await input.begin();
  const fields = new Map<string, string>();
  let fieldBytes = 0;
  for (;;) {
    const head = await input.head();
    if (head === undefined)
      throw new S3Error("InvalidArgument", { message: "POST requires exactly one file upload per request." });
    if (head.name === "file") {
      return { fields, fileName: head.fileName ?? "", fileType: head.type, file: input.content() };
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of input.content()) {
      fieldBytes += chunk.byteLength;
      if (fieldBytes > MAX_FIELD_BYTES) throw new S3Error("MaxPostPreDataLengthExceededError");
      chunks.push(chunk);
    }
    fields.set(head.name, Buffer.concat(chunks).toString("utf8"));
  }
}

interface PartHead {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly type: string | undefined;
}

class PartInput {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  /** Goes to the first boundary, which alone may stand at the very start. */
  async begin(): Promise<void> {
    this.#held = Buffer.from("\r\n");
    for await (const chunk of this.content()) {
      if (chunk.byteLength > MAX_FIELD_BYTES) throw new S3Error("MalformedPOSTRequest");
    }
  }

  /** The head of the next part; undefined after the last one. */
  async head(): Promise<PartHead | undefined> {
    while (this.#held.length < 2) await this.#more();
    if (this.#held.toString("latin1", 0, 2) === "--") return undefined;
    let end = this.#held.indexOf("\r\n\r\n");
    while (end === -1) {
      if (this.#held.length > MAX_FIELD_BYTES) throw new S3Error("MalformedPOSTRequest");
      await this.#more();
      end = this.#held.indexOf("\r\n\r\n");
    }
    const text = this.#held.toString("utf8", 0, end);
    this.#held = this.#held.subarray(end + 4);
    const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(text)?.[1] ?? "";
    const name = parameter(disposition, "name");
    if (name === undefined) throw new S3Error("MalformedPOSTRequest");
    return {
      name: name.toLowerCase(),
      fileName: parameter(disposition, "filename"),
      type: /^content-type:\s*(.*?)\s*$/im.exec(text)?.[1],
    };
  }

  /** Bytes up to the next boundary, which is taken off too. */
  async *content(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const found = this.#held.indexOf(this.#delimiter);
      if (found !== -1) {
        const content = this.#held.subarray(0, found);
        this.#held = this.#held.subarray(found + this.#delimiter.length);
        if (content.length > 0) yield content;
        return;
      }
      // The end of what is held may be the beginning of a boundary.
      const safe = this.#held.length - this.#delimiter.length + 1;
      if (safe > 0) {
        const content = this.#held.subarray(0, safe);
        this.#held = this.#held.subarray(safe);
        yield content;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new S3Error("MalformedPOSTRequest");
    this.#held = Buffer.concat([this.#held, value]);
  }
}

function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|;)\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(disposition);
  // Browsers escape quotes and line ends in names by percent signs (HTML, multipart/form-data encoding algorithm).
  return match?.[1]
    ?.replaceAll("%22", '"')
    .replaceAll("%0D", "\r")
    .replaceAll("%0A", "\n")
    .replace(/\\(["\\])/g, "$1");
}
