import type { DatabaseLocation, OpenReferencesOptions, ReferenceRoute, References, RewriteTo } from "./contract.ts";
import type { CellSource } from "./cells.ts";
import { columnFilter } from "./database/column-filter.ts";
import type { Dialect } from "./database/dialect.ts";
import type { Catalogue } from "./database/table.ts";
import { describeDatabase } from "./describe-database.ts";
import { proveReferences } from "./prove-references.ts";
import { rewriteReferences } from "./rewrite-references.ts";
import { rollbackReferences } from "./rollback-references.ts";
import { scanReferences } from "./scan-references.ts";
import { appPrefix } from "./text/render.ts";
import { hostTable } from "./text/host-table.ts";

/** @throws DatabaseError when the database cannot be opened */
export async function openReferences(options: OpenReferencesOptions): Promise<References> {
  const { routes, rewriteTo } = options;
  const dialect = await openDialect(options.database);
  const filter = columnFilter(options.include, options.exclude);
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
  async function source(): Promise<CellSource> {
    return { dialect, routes: seen, hosts, catalogue: await catalogue() };
  }

  return {
    describe: async () => describeDatabase(dialect, await catalogue()),
    scan: async (stage) => scanReferences(await source(), stage),
    rewrite: async (stage) => rewriteReferences(await source(), { ...stage, to: rewriteTo }),
    // A filter that is narrower today must not keep yesterday's cells from being restored.
    rollback: async (stage) => rollbackReferences(dialect, await dialect.catalogue(columnFilter(["*"], [])), stage),
    async *prove(stage) {
      yield* proveReferences(await source(), stage, rewriteTo.to === "key");
    },
    close: () => dialect.close(),
  };
}

async function openDialect(location: DatabaseLocation): Promise<Dialect> {
  if (location.kind === "sqlite") return (await import("./database/sqlite.ts")).openSqlite(location.path);
  return (await import("./database/postgres.ts")).openPostgres(location.url);
}

/** When references become URLs of the API, those are the target's form, and are recognised as such. */
function readingAppUrls(route: ReferenceRoute, to: RewriteTo): ReferenceRoute {
  if (to.to !== "app") return route;
  const prefix = appPrefix(to.appBaseUrl);
  const { host } = new URL(prefix);
  const { target } = route;
  return {
    ...route,
    target: {
      name: target.name,
      bucket: target.bucket,
      urlHosts: [...target.urlHosts, host],
      publicUrl: (key, options) => target.publicUrl(key, options),
      parseUrl(url) {
        if (!url.startsWith(prefix)) return target.parseUrl(url);
        const [, path = "", query = "", fragment = ""] =
          /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(url.slice(prefix.length)) ?? [];
        try {
          const key = decodeURIComponent(path);
          return key === ""
            ? undefined
            : { bucket: target.bucket, key, kind: "path", candidates: [key], query, fragment };
        } catch {
          return undefined;
        }
      },
    },
  };
}
