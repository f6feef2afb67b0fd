import { createRoute, z } from "@hono/zod-openapi";
import { sql } from "kysely";
import { migrationStatus } from "../database/open-database.ts";
import type { Service } from "../service.ts";
import { router } from "../documents/router.ts";

const CHECK_TIMEOUT_MS = 5_000;
/** Probes come every few seconds from several places; storage need not be asked for each. */
const REMEMBERED_MS = 2_000;

const liveSchema = z.object({ status: z.literal("ok") }).openapi("Live");
const readySchema = z
  .object({
    status: z.enum(["ok", "unavailable"]),
    checks: z.record(z.string(), z.enum(["ok", "failing"])),
  })
  .openapi("Ready");

const ROUTES = {
  live: createRoute({
    method: "get",
    path: "/live",
    tags: ["health"],
    summary: "The process answers",
    responses: { 200: { description: "It does.", content: { "application/json": { schema: liveSchema } } } },
  }),
  ready: createRoute({
    method: "get",
    path: "/ready",
    tags: ["health"],
    summary: "The service can do its work: storage and database answer, and it is not shutting down",
    responses: {
      200: { description: "It can.", content: { "application/json": { schema: readySchema } } },
      503: { description: "It cannot, and what fails.", content: { "application/json": { schema: readySchema } } },
    },
  }),
};

type Checks = Readonly<Record<string, "ok" | "failing">>;

export function healthRoutes(service: Service) {
  let remembered: { readonly atMs: number; readonly checks: Promise<Checks> } | undefined;
  const checks = (): Promise<Checks> => {
    const now = performance.now();
    if (remembered === undefined || now - remembered.atMs > REMEMBERED_MS) {
      remembered = { atMs: now, checks: lookAtAll(service) };
    }
    return remembered.checks;
  };
  return router()
    .openapi(ROUTES.live, (context) => context.json({ status: "ok" as const }, 200))
    .openapi(ROUTES.ready, async (context) => {
      const found: Checks = { ...(await checks()), accepting: service.isDraining() ? "failing" : "ok" };
      const isReady = Object.values(found).every((check) => check === "ok");
      context.header("cache-control", "no-store");
      return isReady
        ? context.json({ status: "ok" as const, checks: found }, 200)
        : context.json({ status: "unavailable" as const, checks: found }, 503);
    });
}

async function lookAtAll({ storage, db, log }: Service): Promise<Checks> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const verdict = async (name: string, works: () => Promise<boolean>): Promise<readonly [string, "ok" | "failing"]> => {
    const late = new Promise<boolean>((resolve) => {
      signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    const ok = await Promise.race([works(), late]).catch((error: unknown) => {
      log.warn({ check: name, err: error }, "not ready");
      return false;
    });
    return [name, ok ? "ok" : "failing"];
  };
  return Object.fromEntries(
    await Promise.all([
      verdict("storage", async () => (await storage.check({ signal })).ok),
      verdict("database", async () => {
        await sql`select 1`.execute(db);
        return (await migrationStatus(db)).pending.length === 0;
      }),
    ]),
  );
}
