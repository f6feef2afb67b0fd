/**
 * The least that can pass for an S3 service: takes every PUT, answers every GET with the same 4 KiB. It runs in a process
 * of its own, so that only the client's work is measured. Ends with the process that started it.
 */
import { createServer } from "node:http";

const BODY = Buffer.alloc(4096, 7);
const HEAD = { etag: `"${"0".repeat(32)}"`, "last-modified": new Date().toUTCString() };

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    if (request.method === "GET") response.writeHead(200, { ...HEAD, "content-length": BODY.byteLength }).end(BODY);
    else response.writeHead(200, { ...HEAD, "content-length": 0 }).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
process.on("disconnect", () => process.exit());
