import { once } from "node:events";
import type { Server } from "node:http";

/** A server of this package: on the loopback interface, until `close`. */
export interface LocalServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends connections too. Again is no error. */
  close(): Promise<void>;
}

export const LOOPBACK = "127.0.0.1";

/** Starts listening; `port` 0 takes a free one. */
export async function listen(server: Server, port: number): Promise<LocalServer> {
  server.listen(port, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A server on TCP has an address with a port.");
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    port: address.port,
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
