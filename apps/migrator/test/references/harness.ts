import type { Route } from "@bucketferry/config";
import type { LookUpStates, ObjectState, ReferenceEvent, References } from "../../src/references/contract.ts";
import { openReferences } from "../../src/references/open-references.ts";
import type { DatabaseLimits } from "../../src/references/database/limits.ts";
import type { AppDatabase } from "./engines.ts";
import { classroomRoutes, NEW, OLD } from "./routes.ts";

export const AUDIO = `${OLD}/lecture-audio`;
export const NEW_AUDIO = `${NEW}/audio`;
export const never = new AbortController().signal;

/** Every key that a name of ours can be, and that does not say otherwise, is a verified object. */
export const verified: LookUpStates = async (_route, keys) =>
  new Map(
    keys
      .filter((key) => /^[\w/ ]+(?:\.\w+)?$/.test(key) && !key.startsWith("unknown"))
      .map((key): [string, ObjectState] => [
        key,
        { state: key.startsWith("copied") ? "copied" : "verified", targetKey: key },
      ]),
  );

export interface Opened {
  readonly references: References;
  readonly events: ReferenceEvent[];
  rewrite(options?: Partial<Parameters<References["rewrite"]>[0]>): ReturnType<References["rewrite"]>;
  rollback(options?: Partial<Parameters<References["rollback"]>[0]>): ReturnType<References["rollback"]>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly limits?: Partial<DatabaseLimits>;
  readonly keyColumns?: Readonly<Record<string, string>>;
  readonly exclude?: readonly string[];
  readonly include?: readonly string[];
  readonly routes?: () => Promise<Route[]>;
}

/** The rewriter on an app's database, with everything that it says. */
export async function opened(
  { location }: Pick<AppDatabase, "location">,
  { limits, keyColumns, exclude = [], include, routes: makeRoutes = classroomRoutes }: OpenOptions = {},
): Promise<Opened> {
  const routes = await makeRoutes();
  const references = await openReferences({
    database: location,
    routes,
    rewriteTo: { to: "public" },
    exclude,
    include,
    keyColumns,
    limits,
  });
  const events: ReferenceEvent[] = [];
  const usual = { signal: never, onEvent: (event: ReferenceEvent): void => void events.push(event) };
  return {
    references,
    events,
    rewrite: (options) => references.rewrite({ ...usual, apply: true, states: verified, ...options }),
    rollback: (options) => references.rollback({ ...usual, apply: true, ...options }),
    async close() {
      await references.close();
      await Promise.all(routes.map((route) => route.close()));
    },
  };
}
