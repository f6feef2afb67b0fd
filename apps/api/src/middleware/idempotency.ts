import { createHash } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { IdempotencyTable } from "../database/tables.ts";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { bringsJson } from "./file-request.ts";

const KEEP_HOURS = 24;
/** Longer than any request lives without being extended. */
const LEASE_SECONDS = 120;
const KEY = /^[\x21-\x7E]{1,255}$/;

/**
 * `Idempotency-Key` on POST and PUT: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/. A request
 * that succeeded is answered again from what is remembered; one that failed did nothing, and may be sent again. A second
 * one while the first is under way is refused, as is the same key for another request.
 */
export function idempotency({ db }: Service): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    const key = context.req.header("idempotency-key");
    const { method } = context.req;
    if (key === undefined || (method !== "POST" && method !== "PUT")) return next();
    if (!KEY.test(key)) {
      throw new Problem("InvalidRequest", "Idempotency-Key must be 1 to 255 visible ASCII characters.");
    }
    const scope = scopeOf(context);
    const claim = { scope, key, fingerprint: await fingerprintOf(context) };
    const known = await claimKey(db, claim);
    if (known !== undefined) {
      const headers = JSON.parse(known.response_headers ?? "{}") as Record<string, string>;
      return new Response(known.response_body, {
        status: known.response_status ?? 200,
        headers: { ...headers, "content-type": "application/json", "idempotency-replayed": "true" },
      });
    }
    let isRemembered = false;
    context.set("idempotent", {
      async remember(transaction, { status, body, headers = {} }) {
        await transaction
          .updateTable("bucketferry_idempotency")
          .set({
            response_status: status,
            response_body: JSON.stringify(body),
            response_headers: JSON.stringify(headers),
          })
          .where("scope", "=", scope)
          .where("idempotency_key", "=", key)
          .execute();
        isRemembered = true;
      },
    });
    const extend = setInterval(() => void extendLease(db, scope, key), (LEASE_SECONDS / 3) * 1000);
    try {
      await next();
    } finally {
      clearInterval(extend);
      // What failed is forgotten. The answer of a transaction that was rolled back went with it.
      if (!isRemembered || !context.res.ok) await forget(db, scope, key);
    }
  };
}

function scopeOf(context: Context<ServiceEnv>): string {
  const { role, id } = context.get("caller");
  return `${role}:${id}`;
}

/**
 * Method, path and what is known of the body before it was read; all of a JSON body that is no file, which is small. A client that wants
 * other bytes of the same length told apart says their digest (RFC 9530).
 */
async function fingerprintOf(context: Context<ServiceEnv>): Promise<string> {
  const { req } = context;
  const type = req.header("content-type") ?? "";
  const body = bringsJson(context) ? await req.raw.clone().text() : "";
  // A client that sends a form again draws a new boundary for it, of the same length.
  const kind = type.startsWith("multipart/") ? type.split(";", 1)[0] : type;
  const digest = req.header("content-digest") ?? req.header("repr-digest") ?? "";
  const parts = [req.method, req.path, kind, req.header("content-length") ?? "", digest, body];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

interface Claim {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** Takes the key; answers the stored row when its request has succeeded before. */
async function claimKey(
  db: ServiceDatabase,
  { scope, key, fingerprint }: Claim,
): Promise<Pick<IdempotencyTable, "response_status" | "response_body" | "response_headers"> | undefined> {
  const now = new Date();
  const leasedUntil = new Date(now.getTime() + LEASE_SECONDS * 1000).toISOString();
  const inserted = await db
    .insertInto("bucketferry_idempotency")
    .values({
      scope,
      idempotency_key: key,
      fingerprint,
      response_status: null,
      response_body: null,
      response_headers: null,
      leased_until: leasedUntil,
      expires_at: new Date(now.getTime() + KEEP_HOURS * 3_600_000).toISOString(),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) return undefined;

  const row = await db
    .selectFrom("bucketferry_idempotency")
    .selectAll()
    .where("scope", "=", scope)
    .where("idempotency_key", "=", key)
    .executeTakeFirst();
  if (row !== undefined && row.fingerprint !== fingerprint) {
    throw new Problem("IdempotencyKeyReused", "Take a new key for each request.");
  }
  if (row?.response_status !== null && row !== undefined) return row;
  // Whoever held it has died, when its lease is over.
  const taken = await db
    .updateTable("bucketferry_idempotency")
    .set({ leased_until: leasedUntil })
    .where("scope", "=", scope)
    .where("idempotency_key", "=", key)
    .where("response_status", "is", null)
    .where("leased_until", "<", now.toISOString())
    .executeTakeFirst();
  if (taken.numUpdatedRows > 0n) return undefined;
  throw new Problem("IdempotencyKeyInUse", undefined, { headers: { "retry-after": "1" } });
}

async function extendLease(db: ServiceDatabase, scope: string, key: string): Promise<void> {
  await db
    .updateTable("bucketferry_idempotency")
    .set({ leased_until: new Date(Date.now() + LEASE_SECONDS * 1000).toISOString() })
    .where("scope", "=", scope)
    .where("idempotency_key", "=", key)
    .execute()
    // Without its extension the lease runs out later than any of these requests takes by itself.
    .catch(() => undefined);
}

async function forget(db: ServiceDatabase, scope: string, key: string): Promise<void> {
  await db
    .deleteFrom("bucketferry_idempotency")
    .where("scope", "=", scope)
    .where("idempotency_key", "=", key)
    .where("response_status", "is", null)
    .execute();
}
