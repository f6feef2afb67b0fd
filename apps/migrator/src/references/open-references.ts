import { withSteadyHeap } from "../process/steady-heap.ts";
import type { DatabaseLocation, OpenReferencesOptions, References } from "./contract.ts";
import { noTable } from "./no-table.ts";
import { readingAppUrls } from "./app-urls.ts";
import type { CellSource } from "./cells.ts";
import { columnFilter } from "./database/column-filter.ts";
import type { Dialect } from "./database/dialect.ts";
import { USUAL_LIMITS, type DatabaseLimits } from "./database/limits.ts";
import type { Catalogue } from "./database/table.ts";
import { describeDatabase } from "./describe-database.ts";
import { readOneCell } from "./one-cell.ts";
import { proveReferences } from "./prove-references.ts";
import { rewriteReferences } from "./rewrite-references.ts";
import { rollbackReferences } from "./rollback-references.ts";
import { scanReferences } from "./scan-references.ts";
import { watchReferences } from "./watch-references.ts";
import { hostTable } from "./text/host-table.ts";

/** A batch of rows is some MiB; to collect after each would cost more than to read it. */
const GARBAGE_BYTES = 24 * 2 ** 20;

/** @throws DatabaseError when the database cannot be opened */
export async function openReferences(options: OpenReferencesOptions): Promise<References> {
  const { routes, rewriteTo } = options;
  const dialect = await openDialect(options.database, { ...USUAL_LIMITS, ...options.limits });
  const filter = columnFilter(options.include, options.exclude, options.keyColumns);
  const seen = routes.map((route) => readingAppUrls(route, rewriteTo));
  const hosts = hostTable(seen);

  /** The catalogue may have changed since the last command, so each reads it anew. */
  async function catalogue(): Promise<Catalogue> {
    try {
      return await dialect.catalogue(filter);
    } catch (error) {
      throw dialect.translate(error);
    }
  }
  async function source(table?: string): Promise<CellSource> {
    const all = await catalogue();
    if (table === undefined) return { dialect, routes: seen, hosts, catalogue: all };
    const isIt = ({ label, name }: { readonly label: string; readonly name?: string }): boolean =>
      label === table || name === table || label.endsWith(`.${table}`);
    const tables = all.tables.filter(isIt);
    if (tables.length === 0) throw noTable(table);
    return { dialect, routes: seen, hosts, catalogue: { tables, skipped: all.skipped.filter(isIt) } };
  }

  return {
    describe: async () => describeDatabase(dialect, await catalogue()),
    scan: (stage) => withSteadyHeap(async () => scanReferences(await source(stage.table), stage), GARBAGE_BYTES),
    rewrite: (stage) =>
      withSteadyHeap(
        async () => rewriteReferences(await source(stage.table), { ...stage, to: rewriteTo }),
        GARBAGE_BYTES,
      ),
    async rollback(stage) {
      // A filter that is narrower today must not keep yesterday's cells from being restored.
      const everything = await dialect.catalogue(columnFilter(["*"], []));
      return withSteadyHeap(() => rollbackReferences(dialect, everything, stage), GARBAGE_BYTES);
    },
    async *prove(stage) {
      yield* proveReferences(await source(), stage, rewriteTo.to === "key");
    },
    async *watch(stage) {
      yield* watchReferences(await source(stage.table), stage);
    },
    cell: async (address) => readOneCell(await source(address.table), address),
    close: () => dialect.close(),
  };
}

async function openDialect(location: DatabaseLocation, limits: DatabaseLimits): Promise<Dialect> {
  if (location.kind === "sqlite")
    return (await import("./database/sqlite/open-sqlite.ts")).openSqlite(location.path, limits);
  return (await import("./database/postgres/open-postgres.ts")).openPostgres(location.url, limits);
}
