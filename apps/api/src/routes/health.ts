import type { StorageProvider } from "@bucketferry/storage-core";
import { Hono } from "hono";

/** `/live`: the process answers. `/ready`: it can do its work, so storage answers too. */
export function health(storage: StorageProvider): Hono {
  return new Hono()
    .get("/live", (context) => context.json({ status: "ok" }))
    .get("/ready", async (context) => {
      const { ok, findings } = await storage.check({ signal: AbortSignal.timeout(5_000) });
      const failing = findings.filter((finding) => finding.level === "error").map((finding) => finding.id);
      return context.json({ status: ok ? "ok" : "unavailable", failing }, ok ? 200 : 503);
    });
}
