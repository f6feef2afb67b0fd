/**
 * The least that Supabase Storage does for one upload and one download over its file backend, as its source has it at
 * https://github.com/supabase/storage: the token's signature, each statement in a transaction of its own that sets role and
 * claims first (`src/storage/database/pg.ts`, `runQuery`), row-level security on, and a file for each version of an object
 * (`src/storage/backend/file.ts`). Left out, all to its advantage: Fastify, schemas, logs, metrics, webhooks, extended
 * attributes, and the digest of the file that its ETag is made of. Prints its URL and token, and ends with its signal.
 * `DATABASE_URL=… node bench/api/supabase-on-postgres.ts FOLDER`
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import pg, { type PoolClient } from "pg";

const BUCKET = "bench";
/** The server's own default (`DATABASE_MAX_CONNECTIONS`). */
const CONNECTIONS = 20;
const SCHEMA = `
  create role service_role nologin bypassrls;
  create schema storage;
  create table storage.buckets (id text primary key, name text not null unique, public boolean default false);
  create table storage.objects (
    id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets (id), name text,
    owner_id text, version text, metadata jsonb, created_at timestamptz default now(), updated_at timestamptz default now());
  create unique index bucketid_objname on storage.objects (bucket_id, name);
  alter table storage.buckets enable row level security;
  alter table storage.objects enable row level security;
  grant usage on schema storage to service_role;
  grant all on all tables in schema storage to service_role;
  insert into storage.buckets (id, name) values ('${BUCKET}', '${BUCKET}');
`;
const SCOPE = `select set_config('role', $1, true), set_config('request.jwt.claim.role', $2, true),
  set_config('request.jwt', $3, true), set_config('request.jwt.claim.sub', $4, true),
  set_config('request.jwt.claims', $5, true), set_config('request.headers', $6, true),
  set_config('request.method', $7, true), set_config('request.path', $8, true), set_config('storage.operation', $9, true)`;
const UPSERT = `insert into storage.objects (bucket_id, name, version, metadata) values ($1, $2, $3, $4)
  on conflict (bucket_id, name) do update set version = $3, metadata = $4, updated_at = now() returning *`;

const [folder = "."] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: CONNECTIONS });
await pool.query(SCHEMA);
const secret = randomBytes(32);
const token = signed({ role: "service_role", exp: Math.floor(Date.now() / 1000) + 86_400 });

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    // A client that has all of its answer may go before the server knows of it.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") console.error(error);
    response.destroy();
  });
});
server.keepAliveTimeout = 65_000;
server.listen(0, "127.0.0.1", () => {
  console.log(`TOKEN=${token}\nURL=http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once("SIGTERM", () => process.exit());

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = decodeURIComponent((request.url ?? "").slice(`/object/${BUCKET}/`.length));
  const claims = verified(request.headers.authorization);
  await scoped(request, claims, (client) =>
    client.query("select id, public from storage.buckets where id = $1", [BUCKET]),
  );
  await (request.method === "GET" ? download : upload)(request, response, claims, name);
}

async function download(request: IncomingMessage, response: ServerResponse, claims: string, name: string) {
  const { rows } = await scoped(request, claims, (client) =>
    client.query<{ version: string; metadata: { mimetype: string } }>(
      "select id, version, metadata from storage.objects where name = $1 and bucket_id = $2",
      [name, BUCKET],
    ),
  );
  const [row] = rows;
  if (row === undefined) {
    response.writeHead(400).end();
    return;
  }
  const path = join(folder, BUCKET, name, row.version);
  const { size, mtime, mtimeMs } = await stat(path);
  response.writeHead(200, {
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "content-type": row.metadata.mimetype,
    "content-length": size,
    etag: `"${mtimeMs.toString(36)}-${size.toString(36)}"`,
    "last-modified": mtime.toUTCString(),
  });
  await pipeline(createReadStream(path), response);
}

async function upload(request: IncomingMessage, response: ServerResponse, claims: string, name: string) {
  const metadata = {
    mimetype: request.headers["content-type"] ?? "application/octet-stream",
    cacheControl: "no-cache",
  };
  // Whether the caller may is found out by doing it and taking it back.
  await scoped(request, claims, (client) => client.query(UPSERT, [BUCKET, name, "1", metadata]), "rollback");
  const version = randomUUID();
  const objectFolder = join(folder, BUCKET, name);
  await mkdir(objectFolder, { recursive: true });
  const path = join(objectFolder, version);
  await pipeline(request, createWriteStream(path));
  const { size } = await stat(path);
  const { replaced, stored } = await scoped(request, claims, async (client) => {
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`${BUCKET}/${name}`]);
    const before = await client.query<{ version: string }>(
      "select id, version, metadata from storage.objects where name = $1 and bucket_id = $2 for update",
      [name, BUCKET],
    );
    const after = await client.query<{ id: string }>(UPSERT, [BUCKET, name, version, { ...metadata, size }]);
    return { replaced: before.rows[0]?.version, stored: after.rows[0]?.id };
  });
  if (replaced !== undefined) await rm(join(objectFolder, replaced), { force: true });
  const body = JSON.stringify({ Key: `${BUCKET}/${name}`, Id: stored });
  response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(body);
}

/** One piece of work as the caller's role, in a transaction of its own. */
async function scoped<T>(
  { method = "", url = "", headers }: IncomingMessage,
  claims: string,
  work: (client: PoolClient) => Promise<T>,
  end: "commit" | "rollback" = "commit",
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const role = "service_role";
    await client.query(SCOPE, [role, role, token, "", claims, JSON.stringify(headers), method, url, "storage.object"]);
    const result = await work(client);
    await client.query(end);
    return result;
  } finally {
    client.release();
  }
}

function signed(claims: Readonly<Record<string, unknown>>): string {
  const text = [{ alg: "HS256", typ: "JWT" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  return [...text, mac(text.join(".")).toString("base64url")].join(".");
}

/** The claims of the request's token as JSON. @throws Error for a token that does not hold */
function verified(authorization = ""): string {
  const [header = "", payload = "", signature = ""] = authorization.replace(/^Bearer /, "").split(".");
  const given = Buffer.from(signature, "base64url");
  const expected = mac(`${header}.${payload}`);
  const claims = Buffer.from(payload, "base64url").toString();
  const isSound = given.length === expected.length && timingSafeEqual(given, expected);
  if (!isSound || (JSON.parse(claims) as { exp: number }).exp * 1000 < Date.now()) throw new Error("the token is bad");
  return claims;
}

function mac(text: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}
