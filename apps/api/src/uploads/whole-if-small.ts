import { inOnePiece, SMALL_BODY_BYTES } from "./small-body.ts";

/** Content that is small is read as a whole before it is stored. */
export async function wholeIfSmall(
  content: AsyncIterable<Uint8Array>,
  length: number | undefined,
): Promise<AsyncIterable<Uint8Array> | Uint8Array> {
  if (length === undefined || length > SMALL_BODY_BYTES) return content;
  return inOnePiece(await Array.fromAsync(content));
}
