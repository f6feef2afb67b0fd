import { randomBytes } from "node:crypto";
import type * as testcontainers from "testcontainers";
import { signToken } from "../supabase/web-token.ts";
import type { S3Endpoint } from "./s3-endpoint.ts";

/** An engine in a container; `close` removes it. */
export type Contained<Engine> = Engine & { close(): Promise<void> };

export interface SupabaseEndpoint {
  /** The storage service itself, without a gateway's `/storage/v1`. */
  readonly storageUrl: string;
  readonly serviceKey: string;
  readonly anonKey: string;
}

export interface PostgresEndpoint {
  readonly url: string;
}

export const CONTAINER_HINT = "Start a Docker engine (or one that speaks its API), or set DOCKER_HOST to one.";

/** One container: what to run, and how to know that it runs. */
interface Recipe {
  readonly image: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly ready: (wait: typeof testcontainers.Wait) => testcontainers.WaitStrategy;
  /** The network to join and the name in it, where containers talk to each other. */
  readonly network?: { readonly of: testcontainers.StartedNetwork; readonly alias: string };
}

type Library = typeof testcontainers;

/**
 * The library that starts containers; undefined where no Docker engine answers. It is loaded only here: it brings a
 * hundred packages, and most runs never need it.
 */
async function containers(): Promise<Library | undefined> {
  const library = await import("testcontainers");
  try {
    await library.getContainerRuntimeClient();
    return library;
  } catch {
    return undefined;
  }
}

async function start(library: Library, recipe: Recipe): Promise<testcontainers.StartedTestContainer> {
  const container = new library.GenericContainer(recipe.image)
    .withEnvironment({ ...recipe.environment })
    .withExposedPorts(recipe.port)
    .withWaitStrategy(recipe.ready(library.Wait));
  if (recipe.command !== undefined) container.withCommand([...recipe.command]);
  if (recipe.network !== undefined) {
    container.withNetwork(recipe.network.of).withNetworkAliases(recipe.network.alias);
  }
  return container.start();
}

function httpUrl(container: testcontainers.StartedTestContainer, port: number): string {
  return `http://${container.getHost()}:${container.getMappedPort(port)}`;
}

async function s3Container(recipe: Recipe, credentials: S3Endpoint["credentials"], profile: string) {
  const library = await containers();
  if (library === undefined) return undefined;
  const container = await start(library, recipe);
  return {
    endpoint: httpUrl(container, recipe.port),
    region: "us-east-1",
    credentials,
    profile,
    close: async () => void (await container.stop()),
  };
}

/** Undefined where no Docker engine answers. */
export function minio(): Promise<Contained<S3Endpoint> | undefined> {
  const credentials = { accessKeyId: "minio-for-tests", secretAccessKey: secret() };
  const recipe: Recipe = {
    image: "minio/minio:RELEASE.2025-04-22T22-12-26Z",
    port: 9000,
    command: ["server", "/data"],
    environment: { MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey },
    ready: (wait) => wait.forHttp("/minio/health/ready", 9000),
  };
  return s3Container(recipe, credentials, "minio");
}

/** Undefined where no Docker engine answers. */
export function localStack(): Promise<Contained<S3Endpoint> | undefined> {
  const recipe: Recipe = {
    image: "localstack/localstack:4.3.0",
    port: 4566,
    environment: { SERVICES: "s3" },
    ready: (wait) => wait.forHttp("/_localstack/health", 4566),
  };
  return s3Container(recipe, { accessKeyId: "test", secretAccessKey: "test" }, "aws");
}

const POSTGRES_IMAGE = "postgres:17-alpine";
const POSTGRES_PORT = 5432;

function postgresRecipe(password: string, network?: Recipe["network"]): Recipe {
  return {
    image: POSTGRES_IMAGE,
    port: POSTGRES_PORT,
    environment: { POSTGRES_PASSWORD: password },
    // Its first start, which makes the cluster, says so too and then ends.
    ready: (wait) => wait.forLogMessage("database system is ready to accept connections", 2),
    ...(network === undefined ? {} : { network }),
  };
}

/** Undefined where no Docker engine answers. */
export async function postgresContainer(): Promise<Contained<PostgresEndpoint> | undefined> {
  const library = await containers();
  if (library === undefined) return undefined;
  const password = secret();
  const container = await start(library, postgresRecipe(password));
  const host = `${container.getHost()}:${container.getMappedPort(POSTGRES_PORT)}`;
  return {
    url: `postgres://postgres:${password}@${host}/postgres`,
    close: async () => void (await container.stop()),
  };
}

/** The storage service of Supabase over a database of its own, with files as its backend. Undefined where no Docker engine answers. */
export async function supabaseStorage(): Promise<Contained<SupabaseEndpoint> | undefined> {
  const library = await containers();
  if (library === undefined) return undefined;
  const network = await new library.Network().start();
  const password = secret();
  const jwtSecret = secret();
  const database = await start(library, postgresRecipe(password, { of: network, alias: "database" }));
  const keys = {
    anonKey: signToken({ role: "anon" }, jwtSecret),
    serviceKey: signToken({ role: "service_role" }, jwtSecret),
  };
  const service = await start(library, {
    image: "supabase/storage-api:v1.70.6",
    port: 5000,
    environment: {
      SERVER_PORT: "5000",
      AUTH_JWT_SECRET: jwtSecret,
      AUTH_JWT_ALGORITHM: "HS256",
      ANON_KEY: keys.anonKey,
      SERVICE_KEY: keys.serviceKey,
      DATABASE_URL: `postgres://postgres:${password}@database:${POSTGRES_PORT}/postgres`,
      DB_INSTALL_ROLES: "true",
      STORAGE_BACKEND: "file",
      FILE_STORAGE_BACKEND_PATH: "/var/lib/storage",
      FILE_SIZE_LIMIT: "52428800",
      TENANT_ID: "stub",
      REGION: "stub",
      GLOBAL_S3_BUCKET: "stub",
      ENABLE_IMAGE_TRANSFORMATION: "false",
    },
    ready: (wait) => wait.forHttp("/status", 5000),
    network: { of: network, alias: "storage" },
  });
  return {
    storageUrl: httpUrl(service, 5000),
    ...keys,
    async close() {
      await service.stop();
      await database.stop();
      await network.stop();
    },
  };
}

function secret(): string {
  return randomBytes(24).toString("hex");
}
