import { faultProxy } from "@bucketferry/local-servers";
import type { Service } from "./service.ts";

/** How many requests of each kind reached the service. All but `list` and `bucket` are about one object. */
export type RequestCounts = Readonly<Record<RequestKind, number>>;

export type RequestKind = "list" | "bucket" | ObjectRequest;

const OBJECT_REQUESTS = ["head", "get", "put", "post", "delete"] as const;
type ObjectRequest = (typeof OBJECT_REQUESTS)[number];

/**
 * Lets the work run against the service through a proxy that breaks nothing and counts what comes after `begin`. It takes
 * time, so it is not for timed rounds.
 */
export async function countedRequests(
  service: Service,
  work: (service: Service, begin: () => void) => Promise<void>,
): Promise<RequestCounts> {
  const proxy = await faultProxy({ target: service.endpoint });
  try {
    await work({ ...service, endpoint: proxy.url }, () => proxy.faults.clear());
    return tally(proxy.faults.seen());
  } finally {
    await proxy.close();
  }
}

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

export function tally(seen: readonly SeenRequest[]): RequestCounts {
  const counts: Record<RequestKind, number> = { list: 0, bucket: 0, head: 0, get: 0, put: 0, post: 0, delete: 0 };
  for (const request of seen) counts[kindOf(request)] += 1;
  return counts;
}

export function objectRequests(counts: RequestCounts): number {
  return OBJECT_REQUESTS.reduce((sum, kind) => sum + counts[kind], 0);
}

/** A listing is `GET /BUCKET?list-type=2` or, in the older form, a `GET /BUCKET` with any of its parameters. */
function kindOf({ method, path, query }: SeenRequest): RequestKind {
  const kind = method.toLowerCase();
  if (/^\/[^/]+\/./.test(path)) return OBJECT_REQUESTS.find((one) => one === kind) ?? "bucket";
  return kind === "get" && /(^|&)(list-type|prefix|delimiter|marker|max-keys)=/.test(query) ? "list" : "bucket";
}
