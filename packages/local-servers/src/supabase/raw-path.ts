/** The path of a request as it was sent, and what its parts mean. */
export interface RawPath {
  /** Path and query as sent, without the gateway's prefix. */
  readonly url: string;
  /** The path as sent, without the query. */
  readonly path: string;
  /** The path cut at its slashes, each part percent-decoded once: an encoded slash stays within its part. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/**
 * Reads the request target without any of the tidying that `URL` would do: dot segments, double slashes and
 * backslashes stay. Undefined when an escape is malformed or not UTF-8.
 */
export function parseRawPath(url: string): RawPath | undefined {
  const queryStart = url.search(/[?#]/);
  const path = queryStart === -1 ? url : url.slice(0, queryStart);
  const query = new URLSearchParams(queryStart === -1 ? "" : url.slice(queryStart + 1));
  try {
    return { url, path, segments: path.split("/").slice(1).map(decodeURIComponent), query };
  } catch {
    return undefined;
  }
}
