import { parseArgs } from "node:util";
import { apiKeys } from "./auth/api-keys.ts";
import { serviceConfig, type ServiceConfig } from "./config/service-config.ts";
import { databaseStartError } from "./database/database-start-error.ts";
import { migrate, openDatabase, type ServiceDatabase } from "./database/open-database.ts";
import { requireSchema } from "./database/require-schema.ts";
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
      return apiKeyCommand(rest, serviceConfig(environment));
    default:
      throw new StartError(`There is no command ${JSON.stringify(command)}.\n${USAGE}`);
  }
}

async function serveUntilSignal(config: ServiceConfig): Promise<void> {
  const log = logger(config.logLevel);
  // Heard from the beginning: the first process of a container would never be told again (docker-run(1), --init).
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  const running = await startService(config, log);
  log.info({ url: running.url, docs: `${running.url}/docs`, auth: config.auth.mode }, "listening");
  const signal = await promise;
  log.info({ signal }, "draining");
  await running.close();
  log.info("ended");
}

async function withDatabase(config: ServiceConfig, work: (db: ServiceDatabase) => Promise<void>): Promise<void> {
  let db: ServiceDatabase | undefined;
  try {
    db = openDatabase(config.databaseUrl, () => undefined);
    await work(db);
  } catch (error) {
    throw databaseStartError(error);
  } finally {
    await db?.destroy();
  }
}

type KeyCommand = (db: ServiceDatabase) => Promise<void>;

async function apiKeyCommand(args: readonly string[], config: ServiceConfig): Promise<void> {
  const command = keyCommandOf(args);
  await withDatabase(config, async (db) => {
    if (config.migrateAtStart) await migrate(db);
    else await requireSchema(db);
    await command(db);
  });
}

/** @throws StartError for arguments that say nothing sound, before anything is opened */
function keyCommandOf(args: readonly string[]): KeyCommand {
  const { values, positionals } = parsedArgs(args);
  const [action, argument] = positionals;
  if (action === "create" && argument !== undefined) {
    const { role, subject } = values;
    if (role !== "authenticated" && role !== "service_role") {
      throw new StartError(`--role must be authenticated or service_role, but is ${JSON.stringify(role)}.`);
    }
    if (role === "authenticated" && subject === undefined) {
      throw new StartError("--subject must name the user whom a key with the role authenticated stands for.");
    }
    return async (db) => {
      const { id, key } = await apiKeys(db).create({ name: argument, role, subjectId: subject ?? argument });
      console.log(`${key}\nIts id is ${id}. The key is not shown again.`);
    };
  }
  if (action === "list") {
    return async (db) => {
      for (const { id, name, role, createdAt, revokedAt } of await apiKeys(db).list()) {
        console.log(`${id}  ${role.padEnd(13)}  ${createdAt}  ${revokedAt === null ? "valid" : "revoked"}  ${name}`);
      }
    };
  }
  if (action === "revoke" && argument !== undefined) {
    return async (db) => {
      if (!(await apiKeys(db).revoke(argument))) throw new StartError(`There is no valid key with the id ${argument}.`);
      console.log("Revoked.");
    };
  }
  throw new StartError(USAGE);
}

function parsedArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { role: { type: "string", default: "service_role" }, subject: { type: "string" } },
    });
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`, error);
  }
}
