import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { objectStore } from "../store/index.ts";
import { listen, type LocalServer } from "../local-server.ts";
import { authenticator } from "./authentication.ts";
import type { ServerContext } from "./call.ts";
import { requestHandler, type SeenOperation } from "./handle-request.ts";
import { fullPages, shortPages } from "./page-sizes.ts";
import { type Profile, PROFILES, type ProfileName } from "./profiles.ts";
import type { S3Shape } from "./shape.ts";
import type { S3User } from "./users.ts";

export interface S3ServerOptions {
  /** Where objects are kept; without it in memory. One server at a time. */
  readonly directory?: string | undefined;
  /** Also survives a loss of power. Default: false. */
  readonly durable?: boolean | undefined;
  /** Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Who may sign requests. Default: one user with full access, see `credentials`. */
  readonly users?: readonly S3User[] | undefined;
  /** The one region of the server and all its buckets. Default: `us-east-1`. */
  readonly region?: string | undefined;
  /** Whose departures from AWS to show. Default: `aws`, which follows AWS's documentation. */
  readonly profile?: ProfileName | Profile | undefined;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly clock?: (() => number) | undefined;
  /** `BUCKET/PREFIX` that everybody may read without a policy, as through a CDN. */
  readonly publicPrefixes?: readonly string[] | undefined;
  /** Listings come in pages that are shorter than asked for, the first one empty, as AWS allows itself. Default: false. */
  readonly shortPages?: boolean | undefined;
  /** Host names (without port) whose sub-domains are buckets. Default: `localhost`, so `BUCKET.localhost` is one. */
  readonly hosts?: readonly string[] | undefined;
  /** Told of every request when its answer is known. */
  readonly onRequest?: ((seen: SeenOperation) => void) | undefined;
}

export interface S3Server extends LocalServer {
  readonly region: string;
  /** Of the first user, in the shape that AWS SDKs take. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** How many requests were answered or refused so far. */
  requests(): number;
}

/** Known to everybody, so good for nothing but a server on the loopback interface. */
export const LOCAL_USER: S3User = {
  accessKeyId: "LOCALACCESSKEY",
  secretAccessKey: "local-secret-key-for-tests-only",
  access: "full",
};

/**
 * An S3 server for tests, demos and laptops: the subset of S3 that moving files needs, on the loopback interface. It
 * verifies signatures, digests and conditions as AWS documents them and answers 501 to everything that it leaves out
 * (versioning, ACLs, tags, Object Lock, encryption, replication …).
 */
export async function s3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const {
    users = [LOCAL_USER],
    region = "us-east-1",
    clock = Date.now,
    publicPrefixes = [],
    hosts = ["localhost"],
  } = options;
  const profile: Profile = typeof options.profile === "object" ? options.profile : PROFILES[options.profile ?? "aws"];
  const [user = LOCAL_USER] = users;
  const store = objectStore<S3Shape>({ directory: options.directory, durable: options.durable, clock });
  const pageSize = options.shortPages === true ? shortPages() : fullPages;
  const server: ServerContext = { store, profile, region, clock, publicPrefixes, pageSize };

  let requests = 0;
  const handle = requestHandler({
    server,
    hosts,
    authenticator: authenticator({ users, regions: regionsOf(profile, region), clock }),
    onRequest(seen) {
      requests += 1;
      options.onRequest?.(seen);
    },
  });

  const http = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
  http.on("request", (request: IncomingMessage, response: ServerResponse) => void handle(request, response, () => {}));
  // A client that asks before it sends its body is refused before it sends it.
  http.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    // Refused before its body came: nobody knows whether the next bytes are that body or another request.
    response.shouldKeepAlive = false;
    void handle(request, response, () => {
      response.shouldKeepAlive = true;
      response.writeContinue();
    });
  });
  try {
    const listening = await listen(http, options.port ?? 0);
    return {
      ...listening,
      region,
      credentials: {
        accessKeyId: user.accessKeyId,
        secretAccessKey: user.secretAccessKey,
        ...(user.sessionToken === undefined ? {} : { sessionToken: user.sessionToken }),
      },
      requests: () => requests,
      async close() {
        await listening.close();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

function regionsOf(profile: Profile, region: string): readonly string[] | undefined {
  if (profile.regions === "any") return undefined;
  return profile.regions === "own" ? [region] : profile.regions;
}
