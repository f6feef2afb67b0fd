import { requirePostgres } from "@bucketferry/local-servers";
import { afterAll, describe } from "vitest";
import { postgresApp } from "./engines.ts";
import { rewriterPromises } from "./rewrite-and-rollback.ts";

const server = await requirePostgres();
afterAll(() => server?.close());

describe.skipIf(server === undefined)("Postgres", () => {
  rewriterPromises("Postgres", () => postgresApp(server?.url ?? ""));
});
