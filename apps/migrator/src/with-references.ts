import type { Config, Route } from "@bucketferry/config";
import type { Ledger } from "@bucketferry/ledger";
import { CommandError } from "./command-error.ts";
import { EXIT } from "./exit-codes.ts";
import type { LookUpStates, References, RewriteTo } from "./references/contract.ts";

/** Opens the app's database as the configuration says, and closes it when `work` is over. */
export async function withReferences<T>(
  config: Config,
  routes: readonly Route[],
  work: (references: References) => Promise<T>,
  { suppressTriggers = false }: { readonly suppressTriggers?: boolean } = {},
): Promise<T> {
  const { database } = config;
  if (database === undefined) {
    throw new CommandError(EXIT.usage, "NoDatabase", "The configuration names no database.", {
      hint: "Write its URL under `database.url`.",
    });
  }
  const { openReferences } = await import("./references/open-references.ts");
  const references = await openReferences({
    database,
    routes,
    rewriteTo: rewriteTo(config),
    include: database.include,
    exclude: database.exclude,
    keyColumns: database.keyColumns,
    limits: {
      lockTimeoutMs: config.rewrite.lockTimeoutMs,
      statementTimeoutMs: config.rewrite.statementTimeoutMs,
      maxValueBytes: database.maxValueBytes,
      replicaUrl: database.replicaUrl,
      suppressTriggers,
    },
  });
  try {
    return await work(references);
  } finally {
    await references.close();
  }
}

export function rewriteTo({ rewrite: { to, appBaseUrl, forms } }: Config): RewriteTo {
  if (to !== "app") return { to, forms };
  if (appBaseUrl === undefined) {
    throw new CommandError(EXIT.usage, "NoAppBaseUrl", '`rewrite.to` is "app", and `rewrite.appBaseUrl` is missing.');
  }
  return { to, appBaseUrl, forms };
}

/** Answers the rewriter from the ledger. */
export function statesFrom(ledger: Ledger): LookUpStates {
  return async (route, keys) => {
    const found = await ledger.objects.find(route, keys);
    return new Map(
      [...found].map(([key, { state, targetKey, reason }]) => [
        key,
        reason === null ? { state, targetKey } : { state, targetKey, reason },
      ]),
    );
  };
}
