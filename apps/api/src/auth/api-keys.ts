import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { Caller } from "./caller.ts";

/** What an API key begins with, so that one is recognised in a log or a repository. */
export const API_KEY_PREFIX = "bfk_";

export interface ApiKeys {
  /** The caller of a key that holds; undefined otherwise. */
  find(key: string): Promise<Caller | undefined>;
  /** Makes a key. The answer is the only time that anybody sees it. */
  create(options: {
    readonly name: string;
    readonly role: "authenticated" | "service_role";
    readonly subjectId: string;
  }): Promise<{ readonly id: string; readonly key: string }>;
  /** Answers whether there was such a key that held. */
  revoke(id: string): Promise<boolean>;
  list(): Promise<
    readonly {
      readonly id: string;
      readonly name: string;
      readonly role: string;
      readonly createdAt: string;
      readonly revokedAt: string | null;
    }[]
  >;
}

/** API keys in the service's database, hashed: `bfk_{id}_{secret}`, where the id finds the row and the secret proves it. */
export function apiKeys(db: ServiceDatabase, now: () => Date = () => new Date()): ApiKeys {
  return {
    async find(key) {
      const match = /^bfk_([0-9a-f]{32})_([\w-]{43})$/.exec(key);
      if (match === null) return undefined;
      const [, id = "", secret = ""] = match;
      const row = await db
        .selectFrom("bucketferry_api_keys")
        .select(["secret_sha256", "role", "subject_id"])
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .executeTakeFirst();
      if (row === undefined || !timingSafeEqual(Buffer.from(row.secret_sha256, "hex"), sha256(secret)))
        return undefined;
      return { role: row.role, id: row.subject_id };
    },
    async create({ name, role, subjectId }) {
      const id = randomUUID().replaceAll("-", "");
      const secret = randomBytes(32).toString("base64url");
      await db
        .insertInto("bucketferry_api_keys")
        .values({
          id,
          name,
          role,
          subject_id: subjectId,
          secret_sha256: sha256(secret).toString("hex"),
          created_at: now().toISOString(),
          revoked_at: null,
        })
        .execute();
      return { id, key: `${API_KEY_PREFIX}${id}_${secret}` };
    },
    async revoke(id) {
      const { numUpdatedRows } = await db
        .updateTable("bucketferry_api_keys")
        .set({ revoked_at: now().toISOString() })
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async list() {
      const rows = await db.selectFrom("bucketferry_api_keys").selectAll().orderBy("created_at").execute();
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        role: row.role,
        createdAt: row.created_at,
        revokedAt: row.revoked_at,
      }));
    },
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
