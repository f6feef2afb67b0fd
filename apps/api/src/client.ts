import { hc } from "hono/client";
import type { App } from "./app.ts";

export type { LectureDocument } from "./lectures/lecture-document.ts";
export type { ProblemDocument } from "./problem/problem.ts";
export type { ProblemCode } from "./problem/problem-codes.ts";

export interface ApiClientOptions {
  /** A bearer token or an API key; asked for each request, so that one that was refreshed is used. */
  readonly token?: (() => string | Promise<string>) | undefined;
  readonly fetch?: typeof fetch | undefined;
}

/**
 * A client of the service whose paths, parameters and answers are the service's own types:
 * `await (await apiClient(url).lectures.$get({ query: {} })).json()`. Bodies that stream (audio, images, files) are sent with
 * plain `fetch`. Nothing of the service itself is loaded.
 */
export function apiClient(url: string, { token, fetch: fetchWith = fetch }: ApiClientOptions = {}) {
  return hc<App>(url, {
    fetch: fetchWith,
    ...(token === undefined ? {} : { headers: async () => ({ authorization: `Bearer ${await token()}` }) }),
  });
}
