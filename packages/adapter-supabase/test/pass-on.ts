import { once } from "node:events";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Headers that are of one connection, or that `fetch` makes by itself. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(["connection", "host", "content-length", "transfer-encoding"]);

/** The headers of a request, as they are sent on. */
export function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" && !OF_THE_CONNECTION.has(name) ? [[name, value]] : [],
    ),
  );
}

/** The headers of an answer, as they are sent back. */
export function passedBack(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => !["connection", "transfer-encoding"].includes(name));
}

/** Lets the server listen on a free port of the loopback. */
export async function listening(server: Server): Promise<{ readonly url: string; close(): Promise<void> }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
