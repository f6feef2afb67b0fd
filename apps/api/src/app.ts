import type { StorageProvider } from "@bucketferry/storage-core";
import { Hono } from "hono";
import { problem, problemOf } from "./problem.ts";
import { health } from "./routes/health.ts";
import { lectures } from "./routes/lectures.ts";

export interface AppDependencies {
  readonly storage: StorageProvider;
}

export function app({ storage }: AppDependencies): Hono {
  return new Hono()
    .route("/health", health(storage))
    .route("/lectures", lectures(storage))
    .notFound((context) => problem(context, 404, "NotFound"))
    .onError((error, context) => problemOf(context, error));
}
