import type { GetResult } from "@bucketferry/storage-core";
import { downloadedBytesPassed } from "./body-garbage.ts";

/**
 * The bytes of an open object as the body of an answer, read from storage at the pace at which the client takes them.
 * `breakOff` ends the connection, since a client that has a status already learns in no other way that bytes are missing.
 */
export function bodyStream(opened: GetResult, breakOff: (reason: unknown) => void): ReadableStream<Uint8Array> {
  const iterator = opened[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let step: IteratorResult<Uint8Array, undefined>;
        try {
          step = await iterator.next();
        } catch (error) {
          // An error in the stream would be printed by the HTTP server, past the log.
          return breakOff(error);
        }
        if (step.done === true) return controller.close();
        downloadedBytesPassed(step.value.byteLength);
        controller.enqueue(step.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
