import { mkdirSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { resolve } from "node:path";
import type { AddressInfo } from "node:net";
import type { IncomingMessage, Server } from "node:http";
import { openSide, parseSide } from "@bucketferry/config";
import { isStorageError, StorageError, type StorageProvider } from "@bucketferry/storage-core";
import { observe, retry, timeout, withLayers } from "@bucketferry/storage-core/layers";
import { serve } from "@hono/node-server";
import type { Logger } from "pino";
import { app } from "./app.ts";
import { apiKeys } from "./auth/api-keys.ts";
import { authenticator } from "./auth/authenticate.ts";
import { background } from "./background/background.ts";
import { deleteUnneeded } from "./background/delete-unneeded.ts";
import { endOfUploads } from "./background/end-of-uploads.ts";
import { runJobs } from "./background/run-jobs.ts";
import type { ServiceConfig } from "./config/service-config.ts";
import { databaseStartError } from "./database/database-start-error.ts";
import { migrate, openDatabase } from "./database/open-database.ts";
import { requireSchema } from "./database/require-schema.ts";
import { links } from "./files/links.ts";
import { metrics as newMetrics } from "./observability/metrics.ts";
import { traceStorageCall } from "./observability/tracing.ts";
import type { Service } from "./service.ts";
import { discardTusUpload } from "./tus/provider-store.ts";
import { StartError } from "./start-error.ts";

/** A service that listens. */
export interface RunningService {
  readonly url: string;
  readonly service: Service;
  /** Takes nothing new, ends what it has begun, within the configured time, and closes everything. */
  close(): Promise<void>;
}

/** Where objects live when nothing else is said: a folder beside the process. */
const EMBEDDED = { adapter: "fs", directory: ".bucketferry/files" };

/** @throws StartError, ConfigError: one clear line each, before anything listens */
export async function startService(config: ServiceConfig, log: Logger): Promise<RunningService> {
  const metrics = newMetrics();
  const provider = await openStorage(config);
  const watching = observe({
    onCall(call) {
      metrics.storageCall(call.operation, call.outcome, call.durationMs / 1000);
      traceStorageCall(call);
    },
  });
  // What is on this machine neither answers late nor better the second time.
  const storage = withLayers(provider, provider.capabilities.remote ? [watching, retry(), timeout()] : [watching]);
  const db = await readyDatabase(config, log).catch(async (error: unknown) => {
    await storage.close();
    throw error;
  });
  let server: Server | undefined;
  let isDraining = false;
  let publicUrl = config.publicUrl;
  const work = { current: undefined as ReturnType<typeof background> | undefined };
  const closeAll = async (): Promise<void> => {
    await work.current?.stop();
    await db.destroy();
    await storage.close();
  };
  try {
    await prepareBucket(config, storage, log);
    const tasks = [
      deleteUnneeded({ db, storage, log }),
      runJobs({ db, storage, log, metrics }),
      endOfUploads(db, discardTusUpload(storage)),
    ];
    work.current = background({ tasks, log });
    const service: Service = {
      config,
      storage,
      db,
      log,
      metrics,
      links: links(config.linkSecret),
      authenticate: authenticator(config.auth, apiKeys(db)),
      background: work.current,
      publicUrl: () => publicUrl ?? "",
      isDraining: () => isDraining,
    };
    server = serve({ fetch: app(service).fetch, port: config.port, hostname: config.host }) as Server;
    hardenServer(server, config, log);
    // It rejects with what the server says instead.
    await once(server, "listening").catch((error: Error) => Promise.reject(listenError(error, config)));
    const url = urlOf(config.host, (server.address() as AddressInfo).port);
    publicUrl ??= url;
    return {
      url,
      service,
      async close() {
        isDraining = true;
        if (server !== undefined) await drain(server, config.drainMs);
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error instanceof StorageError ? new StartError(`Storage cannot be used: ${error.message}`, error) : error;
  }
}

async function openStorage(config: ServiceConfig): Promise<StorageProvider> {
  if (config.storageConfigFile === undefined) return openSide(await parseSide(embeddedFolder(), "storage.json"));
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(config.storageConfigFile, "utf8"));
  } catch (error) {
    throw new StartError(
      `STORAGE_CONFIG: ${config.storageConfigFile} cannot be read as JSON (${(error as Error).message}).`,
      error,
    );
  }
  return openSide(await parseSide(raw, config.storageConfigFile));
}

function embeddedFolder(): typeof EMBEDDED {
  try {
    mkdirSync(EMBEDDED.directory, { recursive: true });
    return EMBEDDED;
  } catch (error) {
    throw new StartError(
      `STORAGE_CONFIG: nothing is set, and the folder ${resolve(EMBEDDED.directory)} cannot be made ` +
        `(${(error as NodeJS.ErrnoException).code}). Name a storage, or start where this user may write.`,
      error,
    );
  }
}

async function readyDatabase(config: ServiceConfig, log: Logger): Promise<Service["db"]> {
  let db: Service["db"] | undefined;
  try {
    db = openDatabase(config.databaseUrl, (error) => log.error({ err: error }, "a database connection broke"));
    await prepareDatabase(config, db, log);
    return db;
  } catch (error) {
    await db?.destroy();
    throw databaseStartError(error);
  }
}

async function prepareDatabase(config: ServiceConfig, db: Service["db"], log: Logger): Promise<void> {
  if (config.migrateAtStart) {
    const steps = await migrate(db);
    if (steps.length > 0) log.info({ steps }, "the database's schema was brought up to date");
    return;
  }
  await requireSchema(db);
}

/** Credentials, bucket and permissions, looked at before anybody relies on them. */
async function prepareBucket(config: ServiceConfig, storage: StorageProvider, log: Logger): Promise<void> {
  if (config.storedUrls === "public" && !storage.capabilities.publicUrl) {
    throw new StartError(
      "STORED_URLS: is public, but this storage has no public URLs as it is set up. Give it its `publicBaseUrl`, or leave STORED_URLS out.",
    );
  }
  // Here a file is written and taken away; a service would take it for somebody's object.
  const options = { write: !storage.capabilities.remote };
  const first = await storage.check(options);
  const isMissing = first.findings.some(({ id, level }) => id === "bucket" && level === "error");
  if (!first.ok && isMissing && config.createBucket) {
    const { existed, steps } = await storage.ensureBucket().catch((error: unknown) => {
      if (!isStorageError(error, "PermissionDenied")) throw error;
      throw new StartError(
        `Storage cannot be used: the bucket ${storage.bucket} is missing, and these credentials may not make it ` +
          "(s3:CreateBucket on S3). Give them that permission, or make the bucket yourself.",
        error,
      );
    });
    if (!existed) log.info({ bucket: storage.bucket, steps }, "the bucket was made");
  }
  const { ok, findings } = first.ok ? first : await storage.check(options);
  if (ok) return;
  const sentences = findings
    .filter(({ level }) => level === "error")
    .map(({ message, fix }) => (fix === undefined ? message : `${message} ${fix}`));
  throw new StartError(`Storage cannot be used: ${sentences.join(" ")}`);
}

/** Node's defaults leave a slow head unharmed for a minute; a body has its own, finer rule where it is read. */
function hardenServer(server: Server, { keepAliveMs, answerIdleMs }: ServiceConfig, log: Logger): void {
  server.headersTimeout = 15_000;
  server.requestTimeout = 0;
  // Told when a connection has moved no byte for so long; progress within one large write counts.
  server.timeout = answerIdleMs;
  server.on("request", (request, response) => {
    // With a listener Node leaves it to us to end the connection. Where nothing waits to be sent it is storage that is slow.
    response.on("timeout", (socket) => {
      if (socket.writableLength === 0) return;
      log.info({ path: pathOf(request) }, "a client did not take its answer");
      socket.destroy();
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  server.maxRequestsPerSocket = 0;
}

/** Without the query, which may hold a token. */
function pathOf({ url = "" }: IncomingMessage): string {
  return url.replace(/\?.*$/s, "");
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(timer);
}

function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}

function listenError(error: Error, { host, port }: ServiceConfig): Error {
  const sentences: Readonly<Record<string, string>> = {
    EADDRINUSE: `PORT: ${host}:${port} is taken by another process.`,
    EACCES: `PORT: this user may not listen on ${host}:${port}.`,
    EADDRNOTAVAIL: `HOST: ${host} is no address of this machine. Take one that is, or 0.0.0.0 for all of them.`,
    ENOTFOUND: `HOST: ${host} is no name that leads to an address.`,
    EAI_AGAIN: `HOST: ${host} is no name that leads to an address.`,
  };
  const sentence = sentences[(error as NodeJS.ErrnoException).code ?? ""];
  return sentence === undefined ? error : new StartError(sentence, error);
}
