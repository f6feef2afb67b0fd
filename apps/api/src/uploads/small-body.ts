import type { Readable } from "node:stream";

/** Up to this a body is held as a whole: storage then has nothing to wait for, and can send it again. */
export const SMALL_BODY_BYTES = 64 * 1024;

/**
 * A request's body in one piece. An iterator over it takes three times the CPU. Who is slow is found out by the
 * `bodyProgress` middleware, whose answer ends the connection and with it this wait.
 * @throws Error when the connection ends before the body does
 */
export function smallBody(incoming: Readable): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let isWhole = false;
  return new Promise((resolve, reject) => {
    const brokeOff = (error?: Error): void => {
      // Every request is closed in the end, and an error with its stack is dear.
      if (!isWhole) reject(error ?? new Error("The connection was closed."));
    };
    if (incoming.destroyed) return brokeOff(incoming.errored ?? undefined);
    incoming.on("data", (piece: Uint8Array) => pieces.push(piece));
    incoming.on("end", () => {
      isWhole = true;
      resolve(inOnePiece(pieces));
    });
    incoming.on("error", brokeOff);
    incoming.on("close", brokeOff);
  });
}

export function inOnePiece([first = new Uint8Array(), ...rest]: readonly Uint8Array[]): Uint8Array {
  return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
}
