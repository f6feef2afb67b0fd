import { sql } from "kysely";
import type { DatabaseFinding } from "../../contract.ts";
import type { AppDatabase } from "../app-database.ts";
import type { DatabaseLimits } from "../limits.ts";
import type { Catalogue } from "../table.ts";
import type { Pooler } from "./pooler.ts";

interface ServerRow {
  readonly replica: boolean;
  readonly encoding: string;
  readonly version: number;
}

interface TableRow {
  readonly label: string;
  readonly can_read: boolean;
  readonly can_update: boolean;
  readonly row_security: boolean;
  readonly policies: string[] | null;
  readonly triggers: string[] | null;
}

export async function findings(
  db: AppDatabase,
  { tables, skipped }: Catalogue,
  { limits, pooler }: { readonly limits: DatabaseLimits; readonly pooler: Pooler },
): Promise<DatabaseFinding[]> {
  const { rows } = await sql<ServerRow>`
    select pg_is_in_recovery() as replica, current_setting('server_encoding') as encoding,
      current_setting('server_version_num')::int as version`.execute(db);
  const read = new Set(tables.map(nameOf));
  const written = new Set(tables.map(({ writeTo }) => nameOf(writeTo)));
  const { rows: own } = await sql<TableRow>`
    select n.nspname || '.' || c.relname as label, has_table_privilege(c.oid, 'select') as can_read,
      has_table_privilege(c.oid, 'update') as can_update, row_security_active(c.oid) as row_security,
      (select array_agg(p.polname::text order by p.polname) from pg_policy p where p.polrelid = c.oid) as policies,
      (select array_agg(t.tgname::text order by t.tgname) from pg_trigger t
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 16 > 0
          and not (c.relispartition and t.tgparentid <> 0)) as triggers
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname || '.' || c.relname = any(${[...new Set([...read, ...written])]}::text[])
    order by 1`.execute(db);
  const [server] = rows;
  return [
    { id: "reachable", level: "ok", message: "The database can be read." },
    ...(server === undefined ? [] : serverFindings(server)),
    ...(limits.suppressTriggers ? await suppressionFindings(db) : []),
    ...poolerFindings(pooler),
    ...own.flatMap((table) =>
      tableFindings(
        {
          ...table,
          can_read: table.can_read || !read.has(table.label),
          can_update: table.can_update || !written.has(table.label),
        },
        limits,
      ),
    ),
    ...skipped
      .filter(({ reason }) => reason.startsWith("a materialised view"))
      .map(({ label }): DatabaseFinding => ({
        id: "materialised-view",
        level: "warning",
        message: `The materialised view ${label} shows old URLs until it is refreshed.`,
        fix: `After the rewrite: REFRESH MATERIALIZED VIEW ${label};`,
      })),
  ];
}

function serverFindings({ replica, encoding, version }: ServerRow): DatabaseFinding[] {
  const found: DatabaseFinding[] = [];
  if (replica) {
    found.push({
      id: "replica",
      level: "error",
      message: "This is a read replica.",
      fix: "Put the primary's address into database.url.",
    });
  }
  if (version < 150_000) {
    found.push({
      id: "version",
      level: "error",
      message: `This server is older than PostgreSQL 15 (${Math.floor(version / 10_000)}).`,
      fix: "Upgrade it, or rewrite a restored copy on a newer one.",
    });
  }
  if (encoding === "SQL_ASCII") {
    found.push({
      id: "encoding",
      level: "warning",
      message:
        "The database has the encoding SQL_ASCII: texts that are not UTF-8 cannot be compared, and stay as they are.",
    });
  }
  return found;
}

async function suppressionFindings(db: AppDatabase): Promise<DatabaseFinding[]> {
  const { rows } = await sql<{ may: boolean; role: string }>`
    select has_parameter_privilege('session_replication_role', 'SET') as may, current_user as role`.execute(db);
  const [right] = rows;
  if (right === undefined || right.may) return [];
  return [
    {
      id: "suppress-triggers",
      level: "error",
      message: `Triggers cannot be suppressed: ${right.role} may not set session_replication_role.`,
      fix: `As a superuser: GRANT SET ON PARAMETER session_replication_role TO ${right.role};`,
    },
  ];
}

const DIRECTLY = "connect to it directly (on Supabase: port 5432 of the direct connection).";
const POOLERS: Readonly<Record<Exclude<Pooler, "none">, Omit<DatabaseFinding, "id">>> = {
  session: {
    level: "warning",
    message: "A pooler stands before the database.",
    fix: `For a large database ${DIRECTLY}`,
  },
  transaction: {
    level: "warning",
    message: "A pooler in transaction mode stands before the database. Nothing here needs a session.",
    fix: `Each transaction takes one of the connections that the app has; for a large database ${DIRECTLY}`,
  },
};

function poolerFindings(pooler: Pooler): DatabaseFinding[] {
  return pooler === "none" ? [] : [{ id: "pooler", ...POOLERS[pooler] }];
}

function tableFindings(
  { label, can_read, can_update, row_security, policies, triggers }: TableRow,
  { suppressTriggers }: DatabaseLimits,
): DatabaseFinding[] {
  const found: DatabaseFinding[] = [];
  if (!can_read || !can_update) {
    found.push({
      id: "permission",
      level: "error",
      message: `No permission to ${[...(can_read ? [] : ["read"]), ...(can_update ? [] : ["update"])].join(" and ")} ${label}.`,
      fix: `GRANT SELECT, UPDATE ON ${label} TO CURRENT_USER;`,
    });
  }
  if (row_security) {
    found.push({
      id: "row-security",
      level: "error",
      message: `Row-level security on ${label} may hide rows from this user (policies: ${policies?.join(", ") ?? "none, which hides every row"}).`,
      fix: "Connect as the tables' owner, or as a role with BYPASSRLS.",
    });
  } else if (policies !== null) {
    found.push({
      id: "policy",
      level: "ok",
      message: `Row-level security on ${label} does not apply to this user (policies: ${policies.join(", ")}).`,
    });
  }
  for (const trigger of triggers ?? []) {
    found.push({
      id: "trigger",
      level: "warning",
      message: suppressTriggers
        ? `The trigger ${trigger} on ${label} will not run: triggers are suppressed, and foreign keys are not checked.`
        : `The trigger ${trigger} on ${label} will run for every row that is rewritten${/updated|modified|touch/i.test(trigger) ? "; it seems to set a time of change, which a rewrite would move" : ""}.`,
      ...(suppressTriggers ? {} : { fix: "If it must not run: --suppress-triggers." }),
    });
  }
  return found;
}

function nameOf({ schema, name }: { readonly schema: string | undefined; readonly name: string }): string {
  return `${schema ?? "public"}.${name}`;
}
