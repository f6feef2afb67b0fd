import { once } from "node:events";
import { connect } from "node:net";

export interface CutUpload {
  /** Of the service. */
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the request announces. */
  readonly sizeBytes: number;
  /** What it brings. */
  readonly sent: Uint8Array;
}

/** Sends the begin of an upload, and is gone. */
export async function cutUpload({ url, path, headers, sizeBytes, sent }: CutUpload): Promise<"cut"> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const lines = Object.entries({ host: `${hostname}:${port}`, "content-length": sizeBytes, ...headers });
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(sent, () => resolve());
  });
  socket.on("error", () => undefined);
  socket.resetAndDestroy();
  return "cut";
}
