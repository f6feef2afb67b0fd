import type { StorageProvider } from "@bucketferry/storage-core";
import type { HttpBindings } from "@hono/node-server";
import type { Logger } from "pino";
import type { Authenticate, Caller } from "./auth/caller.ts";
import type { Background } from "./background/background.ts";
import type { ServiceConfig } from "./config/service-config.ts";
import type { ServiceDatabase } from "./database/open-database.ts";
import type { Links } from "./files/links.ts";
import type { IdempotentRequest } from "./middleware/idempotent-request.ts";
import type { Metrics } from "./observability/metrics.ts";

/** Everything that routes need, made once at start. */
export interface Service {
  readonly config: ServiceConfig;
  readonly storage: StorageProvider;
  readonly db: ServiceDatabase;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly links: Links;
  readonly authenticate: Authenticate;
  readonly background: Background;
  /** How clients reach the service; without a slash at the end. */
  readonly publicUrl: () => string;
  /** The service was told to end: it finishes what it has begun and takes nothing new. */
  readonly isDraining: () => boolean;
}

/** What middleware leaves for the handlers of one request. */
export interface RequestVariables {
  readonly requestId: string;
  readonly caller: Caller;
  readonly idempotent: IdempotentRequest | undefined;
}

/** Hono's environment of every router here. `Bindings` are absent under `app.request()`. */
export interface ServiceEnv {
  readonly Variables: RequestVariables;
  readonly Bindings: Partial<HttpBindings>;
}
