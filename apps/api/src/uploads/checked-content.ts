import { fileTypeFromBuffer } from "file-type";
import { Problem } from "../problem/problem.ts";
import type { MediaType } from "./media-types.ts";

/** As much as `file-type` looks at for every format that is accepted here. */
const SNIFFED_BYTES = 4100;

export interface ContentRules {
  readonly maxBytes: number;
  /** Undefined: any content. */
  readonly type: MediaType | undefined;
}

/**
 * Passes content on while it checks it: the first bytes against the declared type, the length against the limit. What
 * breaks a rule breaks the stream, so that nothing of it is stored.
 *
 * @throws Problem ContentMismatch, TooLarge, InvalidRequest for no bytes at all
 */
export async function* checkedContent(
  content: AsyncIterable<Uint8Array>,
  { maxBytes, type }: ContentRules,
): AsyncGenerator<Uint8Array, void, void> {
  let head: Uint8Array[] | undefined = type === undefined ? undefined : [];
  let held = 0;
  let size = 0;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Problem("TooLarge", `At most ${maxBytes} bytes are accepted here.`);
    if (head === undefined || type === undefined) {
      yield chunk;
      continue;
    }
    head.push(chunk);
    held += chunk.byteLength;
    if (held < SNIFFED_BYTES) continue;
    const first = Buffer.concat(head);
    head = undefined;
    await requireType(first, type);
    yield first;
  }
  if (size === 0) throw new Problem("InvalidRequest", "The content is empty: send the file itself.");
  if (head !== undefined && type !== undefined) {
    const first = Buffer.concat(head);
    await requireType(first, type);
    yield first;
  }
}

async function requireType(first: Buffer, type: MediaType): Promise<void> {
  const sniffed = await fileTypeFromBuffer(first.subarray(0, SNIFFED_BYTES));
  if (sniffed === undefined ? type.mayBeUnknown === true : type.sniffed.includes(sniffed.mime)) return;
  throw new Problem(
    "ContentMismatch",
    `It was announced as ${type.contentType} and looks like ${sniffed?.mime ?? "something else"}.`,
  );
}
