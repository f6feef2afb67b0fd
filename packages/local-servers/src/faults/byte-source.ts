import type { Socket } from "node:net";

/** The bytes that come in on a socket, read by whoever wants them next, and no faster than they are read. */
export interface ByteSource {
  /** Some bytes; undefined when the other side has ended or the connection broke. */
  next(): Promise<Buffer | undefined>;
  /** Puts bytes back to be read again. */
  unread(bytes: Buffer): void;
}

/**
 * One read is always under way: only who reads hears that the other side has left, and the proxy has to hear it while
 * it waits for something else.
 */
export function byteSource(socket: Socket): ByteSource {
  const iterator: AsyncIterator<Buffer> = socket.iterator({ destroyOnReturn: false });
  const read = async (): Promise<Buffer | undefined> => {
    try {
      const { done, value } = await iterator.next();
      return done === true ? undefined : value;
    } catch {
      // A reset is an end too; what was expected of the connection tells whether it came too early.
      return undefined;
    }
  };
  let coming = read();
  let held: Buffer | undefined;
  return {
    async next() {
      if (held !== undefined) {
        const bytes = held;
        held = undefined;
        return bytes;
      }
      const bytes = await coming;
      if (bytes !== undefined) coming = read();
      return bytes;
    },
    unread(bytes) {
      if (bytes.length > 0) held = held === undefined ? bytes : Buffer.concat([bytes, held]);
    },
  };
}
