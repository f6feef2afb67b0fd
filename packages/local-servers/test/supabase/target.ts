import { randomBytes } from "node:crypto";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { StorageClient } from "@supabase/storage-js";
import { supabaseServer, type SupabaseServer, type SupabaseServerOptions } from "../../src/supabase/index.ts";

/**
 * What the checks run against: a server of our own, or a real project named by SUPABASE_TEST_URL with its keys in
 * SUPABASE_TEST_SERVICE_KEY and SUPABASE_TEST_ANON_KEY. SUPABASE_TEST_BACKEND=file says that it keeps its files in a
 * directory, so the checks that only hold there run as well.
 */
export interface Target {
  /** Undefined for a real project. */
  readonly local: SupabaseServer | undefined;
  readonly storageUrl: string;
  readonly serviceKey: string;
  readonly anonKey: string;
  readonly client: StorageClient;
  /** A new bucket with a name of its own; `end` removes it. */
  bucket(options?: BucketOptions): Promise<string>;
  /** Exactly this request: the path is sent as it is. `key` is the bearer token; null sends none. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** Puts text under a key, any key, over whatever is there. */
  put(bucket: string, key: string, text?: string, headers?: Record<string, string>): Promise<void>;
  end(): Promise<void>;
}

export interface BucketOptions {
  readonly public?: boolean;
  readonly fileSizeLimit?: number | string;
  readonly allowedMimeTypes?: string[];
}

export interface SendOptions {
  readonly key?: string | null;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** Sent as JSON. */
  readonly json?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body read as JSON. */
  readonly json: Json;
}

// oxlint-disable-next-line typescript/no-explicit-any -- the checks say what is in it
export type Json = any;

const { SUPABASE_TEST_URL, SUPABASE_TEST_SERVICE_KEY, SUPABASE_TEST_ANON_KEY, SUPABASE_TEST_BACKEND } = process.env;

/** For checks that need the inside of the server: its clock, its policies, its secret. */
export const IS_LOCAL = SUPABASE_TEST_URL === undefined;
/** For checks of what only a server with the file backend does. */
export const ON_FILE_BACKEND = IS_LOCAL || SUPABASE_TEST_BACKEND === "file";

export async function startTarget(options: SupabaseServerOptions = {}): Promise<Target> {
  const local = IS_LOCAL ? await supabaseServer(options) : undefined;
  const storageUrl = local?.storageUrl ?? `${SUPABASE_TEST_URL}/storage/v1`;
  const serviceKey = local?.serviceKey ?? SUPABASE_TEST_SERVICE_KEY ?? "";
  const anonKey = local?.anonKey ?? SUPABASE_TEST_ANON_KEY ?? "";
  const client = clientWith(storageUrl, serviceKey);
  const buckets: string[] = [];

  const send: Target["send"] = (method, path, { key = serviceKey, headers = {}, body, json } = {}) => {
    const content = json === undefined ? body : JSON.stringify(json);
    return exchange(method, storageUrl + path, {
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}`, apikey: key }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...(content === undefined ? {} : { "content-length": String(Buffer.byteLength(content)) }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    });
  };

  return {
    local,
    storageUrl,
    serviceKey,
    anonKey,
    client,
    send,
    async bucket(bucketOptions = {}) {
      const name = `check-${randomBytes(6).toString("hex")}`;
      const { error } = await client.createBucket(name, { public: false, ...bucketOptions });
      if (error !== null) throw error;
      buckets.push(name);
      return name;
    },
    async put(bucket, key, text = "hello", headers = {}) {
      const path = `/object/${bucket}/${encodeKey(key)}`;
      const answer = await send("PUT", path, { body: text, headers: { "content-type": "text/plain", ...headers } });
      if (answer.status !== 200) throw new Error(`PUT ${path} was answered with ${answer.text}`);
    },
    async end() {
      if (local !== undefined) {
        await local.close();
        return;
      }
      for (const name of buckets) {
        await client.emptyBucket(name);
        await client.deleteBucket(name);
      }
    },
  };
}

export function clientWith(storageUrl: string, key: string): StorageClient {
  return new StorageClient(storageUrl, { apikey: key, authorization: `Bearer ${key}` });
}

/** Every character on its own, slashes too where they are part of a name. */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

/** Keys of a flat listing, all pages. */
export async function allKeys(target: Target, bucket: string, limit: number, sortBy?: Json): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const { json } = await target.send("POST", `/object/list-v2/${bucket}`, { json: { limit, cursor, sortBy } });
    keys.push(...json.objects.map((object: Json) => object.name));
    cursor = json.hasNext ? json.nextCursor : undefined;
  } while (cursor !== undefined);
  return keys;
}

export function exchange(
  method: string,
  url: string,
  options: { readonly headers: Record<string, string>; readonly body?: string | Uint8Array },
): Promise<Answer> {
  const { protocol, hostname, port } = new URL(url);
  const path = url.slice(url.indexOf("/", `${protocol}//`.length));
  const send = protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send({ method, hostname, port, path, headers: options.headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          get json(): Json {
            return JSON.parse(text);
          },
        });
      });
    });
    request.on("error", reject);
    request.end(options.body);
  });
}
