import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { openSide, parseSide } from "@bucketferry/config";
import {
  findS3Endpoint,
  postgres,
  POSTGRES_HINT,
  requireEngine,
  S3_ENDPOINT_HINT,
  supabaseServer,
} from "@bucketferry/local-servers";
import { SignJWT } from "jose";
import { pino } from "pino";
import { serviceConfig } from "../../src/config/service-config.ts";
import { startService, type RunningService } from "../../src/start-service.ts";

/** What a service rests on, and how to end it. */
interface Ground {
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A service over real HTTP, with users who have tokens. */
export interface World extends RunningService {
  /** A token as Supabase Auth issues them. */
  readonly token: (userId: string, claims?: Readonly<Record<string, unknown>>) => Promise<string>;
  readonly serviceToken: () => Promise<string>;
  /** Everything that the service has logged, as it was written. */
  readonly logged: () => string;
}

export const JWT_SECRET = "fake-jwt-secret-for-tests-0000000000000000";
const LINK_SECRET = "fake-link-secret-for-tests-000000000000000";

/** The combinations that the whole endpoint suite runs on. */
export const GROUNDS: Readonly<Record<string, () => Promise<Ground | undefined>>> = {
  "fs and SQLite": embedded,
  "S3 and Postgres": s3AndPostgres,
  "Supabase and SQLite": supabaseAndSqlite,
};

/** Starts a service; undefined where an engine is missing at a desk. */
export async function openWorld(
  ground: keyof typeof GROUNDS = "fs and SQLite",
  changes: Readonly<Record<string, string>> = {},
): Promise<World | undefined> {
  const found = await GROUNDS[ground]?.();
  if (found === undefined) return undefined;
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  try {
    const config = serviceConfig({
      PORT: "0",
      AUTH_JWT_SECRET: JWT_SECRET,
      AUTH_API_KEYS: "true",
      LINK_SECRET,
      RATE_LIMIT_PER_MINUTE: "0",
      ...found.environment,
      ...changes,
    });
    const running = await startService(config, log);
    return {
      ...running,
      token: (userId, claims = {}) => signed({ sub: userId, aud: "authenticated", role: "authenticated", ...claims }),
      serviceToken: () => signed({ role: "service_role" }),
      logged: () => lines.join(""),
      async close() {
        await running.close();
        await found.close();
      },
    };
  } catch (error) {
    await found.close();
    throw error;
  }
}

function signed(claims: Readonly<Record<string, unknown>>): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setExpirationTime("10 minutes")
    .sign(new TextEncoder().encode(JWT_SECRET));
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "bucketferry-api-"));
}

function storageFile(folder: string, side: Readonly<Record<string, unknown>>): string {
  const file = join(folder, "storage.json");
  writeFileSync(file, JSON.stringify(side));
  return file;
}

async function embedded(): Promise<Ground> {
  const folder = temporaryFolder();
  return {
    environment: {
      STORAGE_CONFIG: storageFile(folder, { adapter: "fs", directory: join(folder, "files") }),
      DATABASE_URL: `sqlite:${join(folder, "api.db")}`,
    },
    close: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  };
}

async function s3AndPostgres(): Promise<Ground | undefined> {
  const endpoint = requireEngine("S3 endpoint", await findS3Endpoint(), S3_ENDPOINT_HINT);
  const database = requireEngine("PostgreSQL", await postgres(), POSTGRES_HINT);
  if (endpoint === undefined || database === undefined) {
    await database?.close();
    return undefined;
  }
  const folder = temporaryFolder();
  const side = {
    adapter: "s3",
    endpoint: endpoint.endpoint,
    region: endpoint.region,
    profile: endpoint.profile,
    forcePathStyle: true,
    bucket: `bucketferry-api-${randomBytes(6).toString("hex")}`,
    ...endpoint.credentials,
  };
  return {
    environment: { STORAGE_CONFIG: storageFile(folder, side), DATABASE_URL: await database.createDatabase() },
    async close() {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
      await removeBucket(side);
    },
  };
}

/** With everything in it: the engine may be one that goes on after the tests. */
async function removeBucket(side: {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
}): Promise<void> {
  const storage = openSide(await parseSide({ ...side, forcePathStyle: true }, "storage.json"));
  const entries = await Array.fromAsync(storage.list());
  const keys = entries.flatMap((entry) => (entry.type === "object" ? [entry.key] : []));
  await Array.fromAsync(storage.deleteMany(keys));
  await storage.close();
  const { endpoint, region, bucket } = side;
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: side });
  await client.send(new DeleteBucketCommand({ Bucket: bucket })).finally(() => client.destroy());
}

async function supabaseAndSqlite(): Promise<Ground> {
  const folder = temporaryFolder();
  const server = await supabaseServer({ globalFileSizeLimit: 2 * 1024 ** 3 });
  const side = { adapter: "supabase", url: server.url, key: server.serviceKey, bucket: "lectures" };
  return {
    environment: {
      STORAGE_CONFIG: storageFile(folder, side),
      DATABASE_URL: `sqlite:${join(folder, "api.db")}`,
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
