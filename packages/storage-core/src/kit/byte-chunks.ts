import type { ByteStream } from "../contract/body.ts";

/** The view of bytes in `value`, without copying; undefined when `value` holds none. */
export function viewBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}

export function isReadableStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof value === "object" && value !== null && "getReader" in value && typeof value.getReader === "function";
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return (
    typeof value === "object" &&
    value !== null &&
    Symbol.asyncIterator in value &&
    typeof value[Symbol.asyncIterator] === "function"
  );
}

/** Iterates either shape. Web streams are read by a reader, since not every runtime lets them be iterated. */
export function iterateBytes(stream: ByteStream): AsyncIterator<Uint8Array> {
  return isReadableStream(stream) ? readerIterator(stream.getReader()) : stream[Symbol.asyncIterator]();
}

function readerIterator(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncIterator<Uint8Array> {
  return {
    async next() {
      const step = await reader.read();
      return step.done ? { done: true, value: undefined } : { done: false, value: step.value };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** All chunks as one array; `lengthHint` spares the copying when it is right. */
export async function collectBytes(chunks: AsyncIterable<Uint8Array>, lengthHint?: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.byteLength;
  }
  const only = parts[0];
  if (parts.length === 1 && only !== undefined && only.byteLength === (lengthHint ?? length)) return only;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
