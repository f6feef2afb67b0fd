import type { Socket } from "node:net";
import { HttpError } from "./http-error.ts";

/** So much is given to the system at a time, so that a slow line is seen to make progress. */
const SLICE_BYTES = 256 * 1024;

/** Bytes as a body in slices, which share their memory. */
export function* bodySlices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

/**
 * Sends a head and a body as the system takes them: exactly `length` bytes, or in chunks (RFC 9112 §7.1) when nobody knows
 * how many they are. `goesOn` is asked before each piece. Resolves with false when it said no, or the connection
 * ended; the body's iterator is closed then.
 * @throws HttpError `HTTP_REQUEST_LENGTH`; what the body itself throws
 */
export async function sendBody(
  socket: Socket,
  head: string,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  length: number | undefined,
  goesOn: () => boolean,
): Promise<boolean> {
  socket.write(head, "latin1");
  let sent = 0;
  for await (const piece of body) {
    if (!goesOn()) return false;
    if (piece.byteLength === 0) continue;
    sent += piece.byteLength;
    if (length !== undefined && sent > length) throw wrongLength(length, "longer");
    if (!write(socket, piece, length === undefined) && !(await drained(socket))) return false;
    if (!goesOn()) return false;
  }
  if (length === undefined) socket.write("0\r\n\r\n", "latin1");
  else if (sent < length) throw wrongLength(length, "shorter");
  return true;
}

function write(socket: Socket, piece: Uint8Array, inChunks: boolean): boolean {
  if (!inChunks) return socket.write(piece);
  socket.cork();
  socket.write(`${piece.byteLength.toString(16)}\r\n`, "latin1");
  socket.write(piece);
  const hasRoom = socket.write("\r\n", "latin1");
  socket.uncork();
  return hasRoom;
}

/** False when the connection ended instead. */
function drained(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off("drain", settle);
      socket.off("close", settle);
      resolve(!socket.destroyed);
    };
    socket.on("drain", settle);
    socket.on("close", settle);
  });
}

function wrongLength(length: number, how: string): HttpError {
  return new HttpError("HTTP_REQUEST_LENGTH", `the body is ${how} than its content-length of ${length} bytes`);
}
