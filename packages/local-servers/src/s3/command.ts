import { parseArgs } from "node:util";
import { PROFILES, type ProfileName } from "./profiles.ts";
import { type S3Server, s3Server, type S3ServerOptions } from "./s3-server.ts";

export const S3_USAGE = `s3 [--port N] [--directory PATH] [--durable] [--region NAME] [--profile ${Object.keys(PROFILES).join("|")}] [--public BUCKET/PREFIX]… [--short-pages] [--log]
  An S3 server. What it keeps is in memory, unless it has a directory. --short-pages: listings as AWS may
  give them, with fewer entries than asked for. --log writes a line for every request to stderr.`;

/** What to print once the server runs: variables that AWS's SDKs and tools read. */
export interface StartedS3 {
  readonly server: S3Server;
  readonly settings: Readonly<Record<string, string>>;
}

/** Starts a server by the words of a command line. Throws an error that names the word at fault. */
export async function startS3(args: readonly string[]): Promise<StartedS3> {
  const server = await s3Server(s3Options(args));
  return {
    server,
    settings: {
      AWS_ENDPOINT_URL_S3: server.url,
      AWS_REGION: server.region,
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    },
  };
}

export function s3Options(args: readonly string[]): S3ServerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string" },
      directory: { type: "string" },
      durable: { type: "boolean" },
      region: { type: "string" },
      profile: { type: "string" },
      public: { type: "string", multiple: true },
      "short-pages": { type: "boolean" },
      log: { type: "boolean" },
    },
  });
  return {
    port: values.port === undefined ? undefined : portFrom(values.port),
    directory: values.directory,
    durable: values.durable,
    region: values.region,
    profile: values.profile === undefined ? undefined : profileFrom(values.profile),
    publicPrefixes: values.public,
    shortPages: values["short-pages"],
    onRequest:
      values.log === true
        ? ({ method, path, operation, status, errorCode }) =>
            process.stderr.write(`${method} ${path} ${operation ?? "-"} ${status} ${errorCode ?? ""}\n`)
        : undefined,
  };
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new Error(`--port is "${text}", which is no port. Give a number from 0, a free one, to 65535.`);
  }
  return port;
}

function profileFrom(text: string): ProfileName {
  const names = Object.keys(PROFILES);
  if (!isProfileName(text)) throw new Error(`--profile is "${text}". Give one of ${names.join(", ")}.`);
  return text;
}

function isProfileName(text: string): text is ProfileName {
  return Object.hasOwn(PROFILES, text);
}
