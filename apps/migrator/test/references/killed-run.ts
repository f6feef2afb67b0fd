/**
 * A process of its own that rewrites, or takes back, and is killed on the way: `killed-run.ts rewrite|rollback DATABASE`, with the
 * place in BUCKETFERRY_KILL_AT.
 */
import type { DatabaseLocation } from "../../src/references/contract.ts";
import { opened } from "./harness.ts";

const [stage, database = ""] = process.argv.slice(2);
const location: DatabaseLocation = database.startsWith("postgres:")
  ? { kind: "postgres", url: database }
  : { kind: "sqlite", path: database };
const run = await opened({ location });
await (stage === "rewrite" ? run.rewrite() : run.rollback());
await run.close();
