import { once } from "node:events";
import { createServer } from "node:net";
import { LOOPBACK } from "../local-server.ts";

/** Free a moment ago: whoever uses it must be ready to find it taken. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, LOOPBACK);
  await once(probe, "listening");
  const address = probe.address();
  const closed = once(probe, "close");
  probe.close();
  await closed;
  if (address === null || typeof address === "string") throw new Error("A server on TCP has an address with a port.");
  return address.port;
}
