/**
 * Loaded before the service (`--import`): a request with the header `x-die` ends the process by SIGKILL when all of its work is
 * done, and nothing of its answer was sent.
 */
import { ServerResponse } from "node:http";

const writeHead: unknown = Reflect.get(ServerResponse.prototype, "writeHead");
if (typeof writeHead !== "function") throw new Error("ServerResponse has no writeHead.");
const original = writeHead;

function dyingWriteHead(this: ServerResponse, ...head: unknown[]): unknown {
  if (this.req.headers["x-die"] !== undefined) process.kill(process.pid, "SIGKILL");
  return Reflect.apply(original, this, head);
}

Object.assign(ServerResponse.prototype, { writeHead: dyingWriteHead });
