import { Problem } from "../problem/problem.ts";

/**
 * The key in a URL's path after `mount`, decoded once. It is taken from the path as it was sent: a router that decodes or
 * resolves dots first would make another key of it.
 */
export function keyInPath(url: string, mount: string): string {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "");
  const start = path.indexOf(mount);
  const encoded = start === -1 ? "" : path.slice(start + mount.length);
  let key: string;
  try {
    key = decodeURIComponent(encoded);
  } catch (error) {
    throw new Problem("InvalidRequest", "The path is not percent-encoded UTF-8.", { cause: error });
  }
  if (key === "") throw new Problem("NotFound");
  return key;
}
