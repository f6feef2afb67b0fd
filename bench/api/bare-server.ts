/**
 * The same handler without a storage layer: Hono streams a body into a file, and a file into an answer. Like
 * its rivals here it leaves it to the system when bytes get to the disk itself. Prints its URL, and ends with its signal.
 * `node bench/api/bare-server.ts FOLDER`
 */
import { createReadStream } from "node:fs";
import { open, rename, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const [folder = "."] = process.argv.slice(2);
const app = new Hono();

app.put("/files/:name", async (context) => {
  const path = join(folder, context.req.param("name"));
  const temporary = `${path}.${crypto.randomUUID()}`;
  const file = await open(temporary, "wx");
  let sizeBytes = 0;
  try {
    for await (const chunk of context.req.raw.body ?? []) {
      await file.write(chunk);
      sizeBytes += chunk.byteLength;
    }
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return context.json({ sizeBytes }, 201);
});

app.get("/files/:name", async (context) => {
  const path = join(folder, context.req.param("name"));
  const { size } = await stat(path);
  const body = Readable.toWeb(createReadStream(path, { highWaterMark: 256 * 1024 })) as ReadableStream<Uint8Array>;
  return new Response(body, {
    headers: { "content-type": "application/octet-stream", "content-length": String(size) },
  });
});

const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => {
  console.log(`URL=http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once("SIGTERM", () => process.exit());
