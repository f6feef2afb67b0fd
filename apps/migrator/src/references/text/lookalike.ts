import type { ParsedUrl } from "@bucketferry/storage-core/provider";
import type { ReferenceRoute } from "../contract.ts";
import type { Foreign } from "./occurrence.ts";

export interface Lookalike {
  readonly foreign: Foreign;
  /** What it would mean, were it the route's. */
  readonly parsed: ParsedUrl;
}

/** Segments of a path that may be a bucket's name: services have theirs within the first few. */
const MOST_SEGMENTS = 8;

/**
 * Whether a URL that no route reads would be one of this route's source if only its host, or its bucket, were the
 * route's. It is not: it belongs to another project, or to a bucket that is not moved, and is reported as that.
 */
export function lookalike(url: string, { source }: Pick<ReferenceRoute, "source">): Lookalike | undefined {
  const [, scheme = "", authority = "", path = ""] = /^([a-z0-9]*:?\/\/)([^/?#]+)(\/.*)$/is.exec(url) ?? [];
  if (path === "") return undefined;
  const host = source.urlHosts.find((one) => !one.startsWith("*."));
  const elsewhere = host === undefined ? undefined : source.parseUrl(`${scheme}${host}${path}`);
  if (elsewhere !== undefined) return { foreign: "other-project", parsed: elsewhere };
  const segments = path.split("/");
  const bucket = encodeURIComponent(source.bucket);
  let found: Lookalike | undefined;
  for (let index = 1; index <= Math.min(MOST_SEGMENTS, segments.length - 2); index += 1) {
    const parsed = source.parseUrl(`${scheme}${authority}${segments.with(index, bucket).join("/")}`);
    // The one that leaves the shortest key takes no word of the service's own paths for a bucket.
    if (parsed !== undefined && parsed.key.length < (found?.parsed.key.length ?? Number.POSITIVE_INFINITY)) {
      found = { foreign: "other-bucket", parsed };
    }
  }
  return found;
}
