import type { ByteStream, PutBody } from "../contract/body.ts";
import { isAsyncIterable, isReadableStream, iterateBytes, viewBytes } from "../kit/byte-chunks.ts";

/** Whether a body can be sent again: everything but a stream that somebody has opened already. */
export function isReplayable(body: PutBody): boolean {
  return !(isReadableStream(body) || isAsyncIterable(body));
}

/** How many bytes a body has, where that is known without reading or encoding it. */
export function bodyLength(body: PutBody): number | undefined {
  if (typeof body === "string" || typeof body === "function") return undefined;
  const bytes = viewBytes(body);
  if (bytes !== undefined) return bytes.byteLength;
  return body instanceof Blob ? body.size : undefined;
}

/** The same body; `onBytes` is told of every piece of a stream that is read. Bodies that are no streams stay as they are. */
export function watchedBody(body: PutBody, onBytes: (count: number) => void): PutBody {
  if (typeof body === "string" || viewBytes(body) !== undefined) return body;
  if (typeof body === "function") {
    const open = body;
    return async () => watched(await open(), onBytes);
  }
  if (body instanceof Blob) return () => watched(body.stream(), onBytes);
  return isReadableStream(body) || isAsyncIterable(body) ? watched(body, onBytes) : body;
}

function watched(stream: ByteStream, onBytes: (count: number) => void): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = iterateBytes(stream);
      return {
        async next() {
          const step = await iterator.next();
          if (step.done !== true) onBytes(step.value.byteLength);
          return step;
        },
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
