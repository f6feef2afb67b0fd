import { postgres, POSTGRES_HINT } from "./postgres/index.ts";
import { S3_USAGE, startS3 } from "./s3/command.ts";
import { startSupabase, SUPABASE_USAGE } from "./supabase/command.ts";

/** A server that runs until it is closed, and the environment variables by which programs find it. */
interface Started {
  readonly server: { close(): Promise<void> };
  readonly settings: Readonly<Record<string, string>>;
}

const POSTGRES_USAGE = `postgres
  A PostgreSQL in a temporary directory, if one is installed.`;

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<Started>>> = {
  s3: startS3,
  supabase: (args) => startSupabase(args, process.env),
  async postgres() {
    const server = await postgres();
    if (server === undefined) throw new Error(`There is no PostgreSQL here. ${POSTGRES_HINT}`);
    return { server, settings: { DATABASE_URL: server.url } };
  },
};

const USAGE = `Runs a local server until Ctrl-C. It listens on 127.0.0.1 only, and prints how to reach it as NAME=value.

${[S3_USAGE, SUPABASE_USAGE, POSTGRES_USAGE].join("\n\n")}
`;

const USAGE_ERROR = 2;

const [name = "", ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  const asked = name === "help" || name === "--help";
  (asked ? process.stdout : process.stderr).write(USAGE);
  process.exitCode = asked ? 0 : USAGE_ERROR;
} else {
  try {
    const { server, settings } = await command(args);
    for (const [variable, value] of Object.entries(settings)) process.stdout.write(`${variable}=${value}\n`);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        void server.close();
      });
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = USAGE_ERROR;
  }
}
