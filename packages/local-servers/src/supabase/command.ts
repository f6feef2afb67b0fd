import { parseArgs } from "node:util";
import { ApiError } from "./api-error.ts";
import { type Release, RELEASES } from "./exchange.ts";
import { parseFileSize } from "./file-size.ts";
import { supabaseServer, type SupabaseServer, type SupabaseServerOptions } from "./supabase-server.ts";

export const SUPABASE_USAGE = `supabase [--port N] [--directory PATH] [--backend file|s3] [--release 1.11|1.25|1.70|1.80] [--file-size-limit SIZE] [--create-is-atomic]
  A Supabase Storage: the REST and resumable APIs. The secret of its tokens is SUPABASE_JWT_SECRET, else a random one.`;

/** What to print once the server runs; the names are those of the variables that Supabase's own tools print. */
export interface StartedSupabase {
  readonly server: SupabaseServer;
  readonly settings: Readonly<Record<string, string>>;
}

/** Starts a server by the words of a command line. Throws an error that names the word at fault. */
export async function startSupabase(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<StartedSupabase> {
  const server = await supabaseServer(supabaseOptions(args, environment));
  return {
    server,
    settings: {
      SUPABASE_URL: server.url,
      SUPABASE_SERVICE_KEY: server.serviceKey,
      SUPABASE_ANON_KEY: server.anonKey,
    },
  };
}

export function supabaseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): SupabaseServerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string" },
      directory: { type: "string" },
      backend: { type: "string" },
      release: { type: "string" },
      "file-size-limit": { type: "string" },
      "create-is-atomic": { type: "boolean" },
    },
  });
  return {
    port: values.port === undefined ? undefined : portFrom(values.port),
    directory: values.directory,
    backend: values.backend === undefined ? undefined : backendFrom(values.backend),
    release: values.release === undefined ? undefined : releaseFrom(values.release),
    globalFileSizeLimit: values["file-size-limit"] === undefined ? undefined : fileSizeFrom(values["file-size-limit"]),
    createIsAtomic: values["create-is-atomic"],
    jwtSecret: environment["SUPABASE_JWT_SECRET"],
  };
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new Error(`--port is "${text}", which is no port. Give a number from 0, a free one, to 65535.`);
  }
  return port;
}

function backendFrom(text: string): "file" | "s3" {
  if (text === "file" || text === "s3") return text;
  throw new Error(`--backend is "${text}". Give file, or s3 for the behaviour of a hosted project.`);
}

function releaseFrom(text: string): Release {
  const release = RELEASES.find((one) => one === text);
  if (release !== undefined) return release;
  throw new Error(`--release is "${text}". Give one of ${RELEASES.join(", ")}.`);
}

function fileSizeFrom(text: string): number {
  try {
    return parseFileSize(/^\d+$/.test(text) ? Number(text) : text);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new Error(`--file-size-limit is "${text}", which is no size. Give bytes, or a decimal size such as 50MB.`, {
      cause: error,
    });
  }
}
