import type { Context } from "hono";
import { uploadedBytesPassed } from "../objects/body-garbage.ts";
import { Problem } from "../problem/problem.ts";
import type { ServiceEnv } from "../service.ts";
import { SMALL_BODY_BYTES, smallBody } from "./small-body.ts";

/** A body that is slower than this over a whole idle period keeps a connection busy, and nothing else. */
export const LEAST_BYTES_PER_SECOND = 256;

export interface BodyOptions {
  /** A body that brings nothing for so long is given up; over this time it also has to bring a least number of bytes. */
  readonly idleMs: number;
}

/**
 * A request's body in one piece, where it says that it is small; undefined: it is read piece by piece.
 * @throws Problem InvalidRequest for one that breaks off
 */
export async function smallRequestBody({ env }: Context<ServiceEnv>): Promise<Uint8Array | undefined> {
  const incoming = env?.incoming;
  if (incoming === undefined || !(Number(incoming.headers["content-length"]) <= SMALL_BODY_BYTES)) return undefined;
  try {
    return await smallBody(incoming);
  } catch (error) {
    throw brokeOff(error);
  }
}

/**
 * The bytes of a request's body. On Node the request itself is read: the web stream around it would cost a third more CPU.
 * @throws Problem RequestTimeout for one that trickles, InvalidRequest for one that breaks off
 */
export async function* requestBody(
  context: Context<ServiceEnv>,
  { idleMs }: BodyOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const whole = await smallRequestBody(context);
  if (whole !== undefined) {
    yield whole;
    return;
  }
  const incoming = context.env?.incoming;
  const source: AsyncIterable<Uint8Array> | null = incoming ?? context.req.raw.body;
  if (source === null) return;
  let giveUp: ((problem: Problem) => void) | undefined;
  const timer = setTimeout(() => giveUp?.(tooSlow(idleMs)), idleMs);
  // Not `Promise.race` against one promise that lives as long as the upload: it would hold every piece until its end.
  const orTooLate = <Outcome>(waitedFor: Promise<Outcome>): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      waitedFor.then(resolve, reject);
    });
  const iterator = source[Symbol.asyncIterator]();
  // Only the time that the client took counts: storage may be slower than it.
  let windowMs = 0;
  let windowBytes = 0;
  let isAtEnd = false;
  try {
    for (;;) {
      const begunMs = performance.now();
      timer.refresh();
      const next = await orTooLate(iterator.next());
      giveUp = undefined;
      if (next.done === true) {
        isAtEnd = true;
        return;
      }
      windowMs += performance.now() - begunMs;
      windowBytes += next.value.byteLength;
      uploadedBytesPassed(next.value.byteLength);
      if (windowMs >= idleMs) {
        if (windowBytes < (LEAST_BYTES_PER_SECOND * windowMs) / 1000) throw tooSlow(idleMs);
        windowMs = 0;
        windowBytes = 0;
      }
      yield next.value;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw brokeOff(error);
  } finally {
    clearTimeout(timer);
    // A request of Node's is not ended here: that would take the connection away from under the answer. Not awaited: a
    // read that waits for a client that sends nothing never ends by itself.
    if (!isAtEnd && incoming === undefined) void iterator.return?.()?.then(undefined, () => undefined);
  }
}

function brokeOff(cause: unknown): Problem {
  return new Problem("InvalidRequest", "The body broke off before its end.", { cause });
}

function tooSlow(idleMs: number): Problem {
  return new Problem("RequestTimeout", `The body brought too little in ${idleMs} ms.`, {
    headers: { connection: "close" },
  });
}
