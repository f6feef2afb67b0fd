import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen, type LocalServer } from "../local-server.ts";
import { objectStore } from "../store/index.ts";
import { clockFrom, systemTimeMs } from "./clock.ts";
import type { Release, Service, Settings } from "./exchange.ts";
import { answer } from "./gateway.ts";
import { type Policies, rowSecurity } from "./policies.ts";
import { type RequestRecord, requestLog } from "./request-log.ts";
import { routeTable } from "./route-table.ts";
import { loseBytes, plantObject } from "./plant.ts";
import { rowsOf, type Shape } from "./rows.ts";
import { type Claims, signToken } from "./web-token.ts";

export interface SupabaseServerOptions {
  /** Where buckets and objects are kept, made when missing; a restart finds them again. Default: a temporary one that `close` removes. */
  readonly directory?: string | undefined;
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Signs and verifies every token. Default: a random one. */
  readonly jwtSecret?: string | undefined;
  /** Bytes; default 50 MB, as on the free plan of the hosted service. */
  readonly globalFileSizeLimit?: number | undefined;
  /** Lifetime of signed upload URLs. Default: 60, as the server's; hosted projects have 7,200. */
  readonly uploadUrlLifetimeSeconds?: number | undefined;
  /** The time in milliseconds since 1970; fractions count. Default: the system's. */
  readonly clock?: (() => number) | undefined;
  /** The generation of the server. Default: `1.70`. */
  readonly release?: Release | undefined;
  /** `-$v-` before the version in ids of resumable uploads (`TUS_USE_FILE_VERSION_SEPARATOR`). Default: a slash. */
  readonly versionMark?: boolean | undefined;
  /** Keys of all scripts, stored composed (NFC), as the server is to take them some day. Default: false, a small part of ASCII. */
  readonly unicodeKeys?: boolean | undefined;
  /** Most keys that one removal takes, as hosted projects set it. Default: as many as fit into a body. */
  readonly removalLimit?: number | undefined;
  /**
   * What the storage server itself keeps its files in. `s3` is how hosted projects run: ETags of large and resumable uploads
   * are no digest of the content, ranges that cannot be satisfied are errors 500, a 304 is bare, dot segments are legal.
   * Default: `file`.
   */
  readonly backend?: "file" | "s3" | undefined;
  /**
   * Lets exactly one of several parallel creates of a key win, as servers do that look for the key once more when they commit
   * (`completeUpload` in supabase/storage, src/storage/uploader.ts). That of 1.70.6 does not; default false.
   */
  readonly createIsAtomic?: boolean | undefined;
  /** Objects larger than this the S3 backend writes in parts of this size. Default 16 MiB. */
  readonly partSizeBytes?: number | undefined;
  /** Row level security: what the roles `anon` and `authenticated` may do. Default: nothing. */
  readonly policies?: Policies | undefined;
}

/** `url` is the project URL, which `createClient` wants. */
export interface SupabaseServer extends LocalServer {
  /** The URL of the storage service, which `StorageClient` wants. */
  readonly storageUrl: string;
  readonly serviceKey: string;
  readonly anonKey: string;
  /** A key of the newer kind, which is no token: the gateway puts one in its place. Stands for `serviceKey`. */
  readonly secretKey: string;
  /** The same for `anonKey`. */
  readonly publishableKey: string;
  /** A token of the role `authenticated`, as the project's auth service issues to a user; `claims` add to it or replace. */
  signUserToken(sub: string, claims?: Claims): string;
  /** The latest requests, oldest first. */
  requests(): readonly RequestRecord[];
  /** From the next request on. */
  setPolicies(policies: Policies): void;
  /** Asked at every request that has a route: the failure of an overloaded server that it is to get instead of an answer. */
  setFault(fault: Service["fault"]): void;
  /** An object past all checks, as SQL and older versions of the server could make it: its key may be anything. */
  plantObject(bucket: string, key: string, content: Uint8Array, contentType?: string): Promise<void>;
  /** Leaves the row of an object and takes its bytes away. */
  loseBytes(bucket: string, key: string): void;
  /** What time the server thinks it is. */
  now(): Date;
}

const DEFAULT_FILE_SIZE_LIMIT = 50_000_000;
const DEFAULT_UPLOAD_URL_LIFETIME_SECONDS = 60;
const DEFAULT_PART_SIZE_BYTES = 16 * 1024 * 1024;
/** Names, values and the request line together; more is answered with 431. */
const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 65_000;
const KEY_LIFETIME_SECONDS = 10 * 365 * 24 * 3600;

/**
 * A local Supabase project as far as its storage goes: the REST and resumable APIs of supabase/storage 1.70.6, defects
 * included, at 127.0.0.1. The S3 endpoint is not part of it.
 */
export async function supabaseServer(options: SupabaseServerOptions = {}): Promise<SupabaseServer> {
  const clock = clockFrom(options.clock ?? systemTimeMs);
  const jwtSecret = options.jwtSecret ?? randomBytes(32).toString("hex");
  const sign = (claims: Claims): string => {
    const iat = Math.floor(clock.nowMs() / 1000);
    return signToken({ iss: "supabase", iat, exp: iat + KEY_LIFETIME_SECONDS, ...claims }, jwtSecret);
  };
  const keys = {
    serviceKey: sign({ role: "service_role" }),
    anonKey: sign({ role: "anon" }),
    secretKey: `sb_secret_${randomBytes(24).toString("base64url")}`,
    publishableKey: `sb_publishable_${randomBytes(24).toString("base64url")}`,
  };
  const tokenOfKey = new Map([
    [keys.secretKey, keys.serviceKey],
    [keys.publishableKey, keys.anonKey],
  ]);
  const settings = settingsFrom(options, jwtSecret, tokenOfKey);
  const temporary = options.directory === undefined ? mkdtempSync(join(tmpdir(), "bucketferry-supabase-")) : undefined;
  const store = objectStore<Shape>({ directory: options.directory ?? temporary });
  let policies = options.policies ?? {};
  let fault: Service["fault"] = () => undefined;
  const jobs = new Set<NodeJS.Timeout>();
  const service: Service = {
    settings,
    clock,
    rows: rowsOf(store),
    security: rowSecurity(() => policies),
    fault: (request) => fault(request),
    later(task, delayMs) {
      const job = setTimeout(() => {
        jobs.delete(job);
        task();
      }, delayMs);
      jobs.add(job);
    },
  };
  const routes = routeTable(service);
  const log = requestLog();

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0 }, (request, response) => {
    log.add(request, response);
    void answer(request, response, routes, service);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const removeTemporary = (): void => {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  };
  let listening: LocalServer;
  try {
    listening = await listen(server, options.port ?? 0);
  } catch (error) {
    store.close();
    removeTemporary();
    throw error;
  }
  const { url, port } = listening;

  return {
    url,
    port,
    storageUrl: `${url}/storage/v1`,
    ...keys,
    signUserToken: (sub, claims = {}) => sign({ role: "authenticated", sub, ...claims }),
    requests: () => log.entries(),
    setPolicies(next) {
      policies = next;
    },
    setFault(next) {
      fault = next;
    },
    plantObject: (bucket, key, content, contentType) => plantObject(service, bucket, key, content, contentType),
    loseBytes: (bucket, key) => loseBytes(service, bucket, key),
    now: () => new Date(clock.nowMs()),
    async close() {
      if (!server.listening) return;
      await listening.close();
      for (const job of jobs) clearTimeout(job);
      store.close();
      removeTemporary();
    },
  };
}

function settingsFrom(options: SupabaseServerOptions, jwtSecret: string, tokenOfKey: Settings["tokenOfKey"]): Settings {
  return {
    release: options.release ?? "1.70",
    versionMark: options.versionMark ?? false,
    tokenOfKey,
    unicodeKeys: options.unicodeKeys ?? false,
    removalLimit: options.removalLimit,
    backend: options.backend ?? "file",
    jwtSecret,
    globalFileSizeLimit: options.globalFileSizeLimit ?? DEFAULT_FILE_SIZE_LIMIT,
    uploadUrlLifetimeSeconds: options.uploadUrlLifetimeSeconds ?? DEFAULT_UPLOAD_URL_LIFETIME_SECONDS,
    createIsAtomic: options.createIsAtomic ?? false,
    partSizeBytes: options.partSizeBytes ?? DEFAULT_PART_SIZE_BYTES,
  };
}
