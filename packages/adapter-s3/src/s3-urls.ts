import type { ParsedUrl, UrlKind } from "@bucketferry/storage-core";
import { keyCandidates } from "@bucketferry/storage-core/provider";
import type { S3Config } from "./s3-config.ts";
import { amazonDomain } from "./s3-endpoint.ts";
import { encodeKeyPath } from "./uri-encoding.ts";

/** The URLs of one bucket: the one that is issued, and all that mean it. Pure text, no `URL`: that one resolves dot segments. */
export interface S3Urls {
  /** Hosts that the URLs of the bucket can have. */
  readonly hosts: readonly string[];
  publicUrl(key: string): string;
  parseUrl(url: string): ParsedUrl | undefined;
}

/** A URL in pieces, none of them decoded. */
interface Pieces {
  /** Lower case, with a port only when it is not the scheme's own. */
  readonly host: string;
  /** With its leading slash; empty when there is none. */
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** A place where the bucket's keys begin: every URL on `host` whose path begins with `path`. */
interface Base {
  readonly host: string | RegExp;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly kind: UrlKind;
  /** A bare `+` means a space. */
  readonly plusIsSpace: boolean;
}

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** RFC 3986 appendix B, for URLs with an authority; in a page, one without a scheme has the page's (§4.2). */
const URL_FORM = /^(?:([a-z][a-z0-9+.-]*):)?\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is;

export function s3Urls(config: S3Config): S3Urls {
  const { bucket, address, publicBaseUrl } = config;
  const issued = publicBaseUrl ?? `${address.origin}${address.path}`;
  const bases = basesOf(config);

  return {
    hosts: hostsOf(config),

    publicUrl: (key) => `${issued}/${encodeKeyPath(key)}`,

    parseUrl(url) {
      const pieces = urlPieces(url);
      if (pieces === undefined) return undefined;
      for (const base of bases) {
        if (!hostMatches(base.host, pieces.host) || !pieces.path.startsWith(base.path)) continue;
        const parsed = parsedUrl(bucket, pieces, pieces.path.slice(base.path.length), base);
        if (parsed !== undefined) return parsed;
      }
      return undefined;
    },
  };
}

/** Bases of the bucket, the most telling first: a CDN may share its host with something else. */
function basesOf({ bucket, profile, endpoint, publicBaseUrl, urlAliases }: S3Config): readonly Base[] {
  const { plusIsSpace } = profile;
  const bases: Base[] = [];
  for (const url of publicBaseUrl === undefined ? urlAliases : [publicBaseUrl, ...urlAliases]) {
    const pieces = urlPieces(url);
    // What a CDN makes of a bare plus is not known; that it is a plus is what its URLs were made with.
    if (pieces !== undefined)
      bases.push({ host: pieces.host, path: `${pieces.path}/`, kind: "cdn", plusIsSpace: false });
  }
  const bucketPath = `/${encodeURIComponent(bucket)}/`;
  const host = plainHost(endpoint.protocol.slice(0, -1), endpoint.host) ?? endpoint.host;
  bases.push(
    { host, path: `${endpoint.basePath}${bucketPath}`, kind: "public", plusIsSpace },
    { host: `${bucket.toLowerCase()}.${host}`, path: `${endpoint.basePath}/`, kind: "public", plusIsSpace },
    { host: s3Scheme(bucket), path: "/", kind: "s3", plusIsSpace: false },
  );
  const domain = amazonDomain(host);
  if (domain !== undefined) {
    const amazon = escapeRegExp(domain);
    bases.push(
      { host: new RegExp(`^${AMAZON_HOST}${amazon}$`), path: bucketPath, kind: "public", plusIsSpace },
      {
        host: new RegExp(`^${escapeRegExp(bucket)}[.]${AMAZON_BUCKET_HOST}${amazon}$`),
        path: "/",
        kind: "public",
        plusIsSpace,
      },
    );
  }
  return bases;
}

/**
 * Hosts of Amazon S3 over the years: regional, dual stack, FIPS, the legacy `s3-region` and the one without a region.
 * The name of a bucket is unique in its partition, so the region of an old URL need not be ours.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
const REGION = "(?:eusc|[a-z]{2})(?:-[a-z]+)+-[0-9]";
const AMAZON_HOST = `(?:s3(?:-fips)?(?:[.]dualstack)?[.]${REGION}|s3-${REGION}|s3|s3-external-1)[.]`;
/** In front of which only a bucket stands: also transfer acceleration and the website endpoints. */
const AMAZON_BUCKET_HOST = `(?:${AMAZON_HOST}|s3-accelerate(?:[.]dualstack)?[.]|s3-website[.-]${REGION}[.])`;

function hostsOf(config: S3Config): readonly string[] {
  const hosts = new Set<string>();
  for (const { host } of basesOf(config)) {
    if (typeof host === "string") hosts.add(host.replace(/^s3:/, ""));
  }
  const domain = amazonDomain(config.endpoint.host);
  if (domain !== undefined) hosts.add(`*.${domain}`);
  return [...hosts];
}

/** `s3://bucket/key` has the bucket where others have the host; the scheme keeps the two apart. */
function s3Scheme(bucket: string): string {
  return `s3:${bucket}`;
}

function hostMatches(expected: string | RegExp, host: string): boolean {
  return typeof expected === "string" ? expected === host : expected.test(host);
}

function urlPieces(url: string): Pieces | undefined {
  const match = URL_FORM.exec(url);
  if (match === null) return undefined;
  const [, scheme = "https", authority = "", path = "", query = "", fragment = ""] = match;
  const lower = scheme.toLowerCase();
  // Names of buckets have their case; those of hosts do not.
  const host = lower === "s3" ? s3Scheme(authority) : plainHost(lower, authority.toLowerCase());
  return host === undefined ? undefined : { host, path, query, fragment };
}

/** Without the scheme's own port; undefined for other schemes, and for an authority with a user or a password. */
function plainHost(scheme: string, authority: string): string | undefined {
  const port = DEFAULT_PORT[scheme];
  if (port === undefined || !/^[a-z0-9._~-]+(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/.test(authority))
    return undefined;
  return authority.endsWith(`:${port}`) ? authority.slice(0, -port.length - 1) : authority;
}

function parsedUrl(bucket: string, { query, fragment }: Pieces, path: string, base: Base): ParsedUrl | undefined {
  const candidates = candidatesOf(path, query, fragment, base);
  const [key] = candidates;
  if (key === undefined) return undefined;
  const signature = signatureOf(query);
  return {
    bucket,
    key,
    kind: signature === undefined ? base.kind : "signed",
    candidates,
    query,
    fragment,
    ...(signature?.expiresAt === undefined ? {} : { expiresAt: signature.expiresAt }),
  };
}

/** What the path can mean, likeliest first: by the service's own reading of a bare `+`, then as the many hands that wrote URLs. */
function candidatesOf(path: string, query: string, fragment: string, { kind, plusIsSpace }: Base): readonly string[] {
  if (!path.isWellFormed()) return [];
  const usual = keyCandidates(path, signatureOf(query) === undefined ? query : "");
  if (usual.length === 0) return [];
  const spaced = keyCandidates(path.replaceAll("+", "%20"), "").slice(0, 1);
  return [
    ...new Set([
      // An s3:// URI is not encoded: what stands there is the key.
      ...(kind === "s3" ? [path] : []),
      ...(plusIsSpace ? spaced : []),
      ...usual,
      ...(fragment === "" ? [] : keyCandidates(`${path}#${fragment}`, "").slice(0, 1)),
    ]),
  ];
}

/** A signed query, of version 4 or of the version 2 of old; undefined for any other. */
function signatureOf(query: string): { readonly expiresAt: Date | undefined } | undefined {
  if (query === "") return undefined;
  const parameters = new URLSearchParams(query);
  const named = (name: string) => parameters.get(name) ?? parameters.get(name.toLowerCase());
  if (named("X-Amz-Signature") !== null) {
    return { expiresAt: signedUntil(named("X-Amz-Date") ?? "", named("X-Amz-Expires") ?? "") };
  }
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
  if (parameters.has("Signature") && parameters.has("AWSAccessKeyId")) {
    const expires = parameters.get("Expires") ?? "";
    return { expiresAt: /^\d{1,11}$/.test(expires) ? new Date(Number(expires) * 1000) : undefined };
  }
  return undefined;
}

function signedUntil(date: string, expires: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  if (year === undefined || !/^\d{1,6}$/.test(expires)) return undefined;
  const start = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(start) ? undefined : new Date(start + Number(expires) * 1000);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
