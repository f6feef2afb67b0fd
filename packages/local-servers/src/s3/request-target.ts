import { encodePath, encodeStrict } from "./percent-encoding.ts";
import { S3Error } from "./s3-error.ts";

/** What a request is about, read from its raw target and host; nothing is normalised on the way. */
export interface RequestTarget {
  /** Undefined: the service as a whole. */
  readonly bucket: string | undefined;
  /** Undefined: the bucket as a whole. Any characters, `//`, `.` and `..` included. */
  readonly key: string | undefined;
  /** The decoded path, bucket included where it is in the path: what a signature covers. */
  readonly path: string;
  readonly query: Query;
}

/** Decoded parameters in the order they came. A name without `=` has an empty value. */
export class Query {
  readonly pairs: readonly (readonly [string, string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    this.pairs = pairs;
  }

  get(name: string): string | undefined {
    return this.pairs.find(([candidate]) => candidate === name)?.[1];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get names(): readonly string[] {
    return this.pairs.map(([name]) => name);
  }

  /** SigV4's canonical query string, without one parameter where that is named. */
  canonical(without?: string): string {
    return this.pairs
      .filter(([name]) => name !== without)
      .map(([name, value]) => [encodeStrict(name), encodeStrict(value)] as const)
      .toSorted(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
  }
}

export interface TargetRules {
  /** AWS reads a plus sign in a path as a space, as in a form; others take it as it is. */
  readonly plusInPath: "space" | "plus";
  /** Host names that are the service itself; `BUCKET.NAME` is a bucket (virtual-hosted style). Without ports. */
  readonly hosts: readonly string[];
}

export function parseTarget(rawTarget: string, host: string, rules: TargetRules): RequestTarget {
  const origin = /^https?:\/\/[^/?]*/i.exec(rawTarget)?.[0] ?? "";
  const target = rawTarget.slice(origin.length);
  const mark = target.indexOf("?");
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  const query = parseQuery(mark === -1 ? "" : target.slice(mark + 1));
  const path = decode(rules.plusInPath === "space" ? rawPath.replaceAll("+", " ") : rawPath);
  if (!path.startsWith("/")) throw new S3Error("InvalidURI");

  const hosted = hostedBucket(host, rules.hosts);
  if (hosted !== undefined) {
    return { bucket: hosted, key: path === "/" ? undefined : path.slice(1), path, query };
  }
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?([^]*)$/.exec(path) ?? [];
  return { bucket: bucket === "" ? undefined : bucket, key: key === "" ? undefined : key, path, query };
}

/** SigV4's canonical URI for S3: every character encoded once, no segment removed. */
export function canonicalPath(target: RequestTarget): string {
  return encodePath(target.path);
}

export function parseQuery(text: string): Query {
  return new Query(
    text
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const equals = pair.indexOf("=");
        const name = equals === -1 ? pair : pair.slice(0, equals);
        const value = equals === -1 ? "" : pair.slice(equals + 1);
        return [decode(name.replaceAll("+", " ")), decode(value.replaceAll("+", " "))] as const;
      }),
  );
}

function hostedBucket(host: string, hosts: readonly string[]): string | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const base = hosts.find((candidate) => name.endsWith(`.${candidate}`));
  return base === undefined ? undefined : name.slice(0, -base.length - 1);
}

function decode(text: string): string {
  // Anything else has to be percent-encoded in a request target (RFC 9112 §3.2).
  if (!/^[\u0021-\u007e ]*$/.test(text)) throw new S3Error("InvalidURI");
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidURI");
  }
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
