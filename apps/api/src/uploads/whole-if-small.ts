const SMALL_BYTES = 64 * 1024;

/**
 * Content that is small is read as a whole before it is stored: storage then has nothing to wait for, and can send it again
 * when the first attempt fails.
 */
export async function wholeIfSmall(
  content: AsyncIterable<Uint8Array>,
  length: number | undefined,
): Promise<AsyncIterable<Uint8Array> | Uint8Array> {
  if (length === undefined || length > SMALL_BYTES) return content;
  const [first = new Uint8Array(), ...rest] = await Array.fromAsync(content);
  return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
}
