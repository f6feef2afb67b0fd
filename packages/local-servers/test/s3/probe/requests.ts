import { request } from "node:http";
import type { Probe } from "./check.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The `<Code>` of an error document. */
  readonly code: string | undefined;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A request whose target goes out as it is; `fetch` would take dot segments out of it. */
export async function send(url: string, { method = "GET", headers = {}, body }: RawRequest = {}): Promise<RawAnswer> {
  const [, host = "", path = "/"] = /^http:\/\/([^/]+)(\/.*)?$/.exec(url) ?? [];
  const [hostname, port] = host.split(":");
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const sent = request(
    { hostname, port, path, method, headers: { ...length, ...headers }, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          code: /<Code>([^<]*)<\/Code>/.exec(text)?.[1],
        });
      });
    },
  );
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

/** The plain URL of a key, for requests that are not signed. */
export function plainUrl(t: Probe, key: string, bucket = t.bucket): string {
  return `${t.endpoint}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}
