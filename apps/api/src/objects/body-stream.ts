import type { GetResult } from "@bucketferry/storage-core";
import { downloadedBytesPassed } from "./body-garbage.ts";

/** The bytes of an open object as the body of an answer, read from storage at the pace at which the client takes them. */
export function bodyStream(opened: GetResult): ReadableStream<Uint8Array> {
  const iterator = opened[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await iterator.next();
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
