import { createServer, type ServerResponse } from "node:http";
import { listening, passedBack, passedOn } from "./pass-on.ts";

export interface CachingCdn {
  readonly url: string;
  /** How many answers came out of the cache. */
  hits(): number;
  close(): Promise<void>;
}

interface Cached {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/**
 * Stands before a project as the CDN of hosted ones does: answers reads of objects by what it saw first, for the same token,
 * whatever has been written since and whatever the query says but `cacheNonce`.
 */
export async function cachingCdn(target: string): Promise<CachingCdn> {
  const cache = new Map<string, Cached>();
  let hits = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = "", url = "", headers } = request;
      const isRead = method === "GET" && url.includes("/object/") && !url.includes("cacheNonce=");
      const key = `${url.split("?")[0]} ${headers.authorization} ${headers.range}`;
      const known = isRead ? cache.get(key) : undefined;
      if (known !== undefined) {
        hits += 1;
        send(response, known, "HIT");
        return;
      }
      const body = Buffer.concat(chunks);
      const answer = await fetch(target + url, {
        method,
        headers: passedOn(headers),
        ...(body.length === 0 ? {} : { body }),
        redirect: "manual",
      });
      const fresh: Cached = {
        status: answer.status,
        headers: passedBack(answer.headers),
        body: Buffer.from(await answer.arrayBuffer()),
      };
      if (isRead) cache.set(key, fresh);
      send(response, fresh, isRead ? "MISS" : "DYNAMIC");
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  return { ...(await listening(server)), hits: () => hits };
}

function send(response: ServerResponse, { status, headers, body }: Cached, cacheStatus: string): void {
  response.writeHead(status, { ...Object.fromEntries(headers), "cf-cache-status": cacheStatus });
  response.end(body);
}
