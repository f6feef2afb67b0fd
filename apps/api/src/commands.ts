import { parseArgs } from "node:util";
import { apiKeys } from "./auth/api-keys.ts";
import { serviceConfig, type ServiceConfig } from "./config/service-config.ts";
import { migrate, openDatabase, type ServiceDatabase } from "./database/open-database.ts";
import { logger } from "./observability/logger.ts";
import { StartError } from "./start-error.ts";
import { startService } from "./start-service.ts";

const USAGE = `Usage:
  serve (default)                                   listen, as the environment says
  migrate                                           bring the database's schema up to date
  api-key create NAME [--role ROLE] [--subject ID]  make an API key and show it once; ROLE: authenticated, service_role
  api-key list
  api-key revoke ID`;

/** What the process was asked to do. @throws StartError, ConfigError */
export async function runCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const [command = "serve", ...rest] = args;
  switch (command) {
    case "serve":
      return serveUntilSignal(serviceConfig(environment));
    case "migrate":
      return withDatabase(serviceConfig(environment), async (db) => {
        const steps = await migrate(db);
        console.log(steps.length === 0 ? "The schema is up to date." : `Done: ${steps.join(", ")}.`);
      });
    case "api-key":
      return withDatabase(serviceConfig(environment), (db) => apiKeyCommand(rest, db));
    default:
      throw new StartError(`There is no command ${JSON.stringify(command)}.\n${USAGE}`);
  }
}

async function serveUntilSignal(config: ServiceConfig): Promise<void> {
  const log = logger(config.logLevel);
  const running = await startService(config, log);
  log.info({ url: running.url, docs: `${running.url}/docs`, auth: config.auth.mode }, "listening");
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  const signal = await promise;
  log.info({ signal }, "draining");
  await running.close();
  log.info("ended");
}

async function withDatabase(config: ServiceConfig, work: (db: ServiceDatabase) => Promise<void>): Promise<void> {
  const db = openDatabase(config.databaseUrl, () => undefined);
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}

async function apiKeyCommand(args: readonly string[], db: ServiceDatabase): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { role: { type: "string", default: "service_role" }, subject: { type: "string" } },
  });
  const [action, argument] = positionals;
  const keys = apiKeys(db);
  await migrate(db);
  if (action === "create" && argument !== undefined) {
    const { role } = values;
    if (role !== "authenticated" && role !== "service_role") {
      throw new StartError(`--role must be authenticated or service_role, but is ${JSON.stringify(role)}.`);
    }
    if (role === "authenticated" && values.subject === undefined) {
      throw new StartError("--subject must name the user whom a key with the role authenticated stands for.");
    }
    const { id, key } = await keys.create({ name: argument, role, subjectId: values.subject ?? argument });
    console.log(`${key}\nIts id is ${id}. The key is not shown again.`);
    return;
  }
  if (action === "list") {
    for (const { id, name, role, createdAt, revokedAt } of await keys.list()) {
      console.log(`${id}  ${role.padEnd(13)}  ${createdAt}  ${revokedAt === null ? "valid" : "revoked"}  ${name}`);
    }
    return;
  }
  if (action === "revoke" && argument !== undefined) {
    if (!(await keys.revoke(argument))) throw new StartError(`There is no valid key with the id ${argument}.`);
    console.log("Revoked.");
    return;
  }
  throw new StartError(USAGE);
}
