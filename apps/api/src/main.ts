import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError, openSide, parseSide } from "@bucketferry/config";
import { serve } from "@hono/node-server";
import { app } from "./app.ts";

/** Where objects live when nothing else is said: a folder beside the process. */
const EMBEDDED = { adapter: "fs", directory: ".bucketferry/files" };

const { PORT = "8787", STORAGE_CONFIG } = process.env;

try {
  const file = resolve(STORAGE_CONFIG ?? "storage.json");
  const raw: unknown = STORAGE_CONFIG === undefined ? EMBEDDED : JSON.parse(readFileSync(file, "utf8"));
  const storage = openSide(await parseSide(raw, file));
  if (STORAGE_CONFIG === undefined) mkdirSync(EMBEDDED.directory, { recursive: true });
  const server = serve({ fetch: app({ storage }).fetch, port: Number(PORT), hostname: "127.0.0.1" }, ({ port }) => {
    console.log(`http://127.0.0.1:${port}`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => server.close(() => void storage.close()));
  }
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
}
