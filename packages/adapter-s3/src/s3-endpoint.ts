/** Where a service is. */
export interface S3Endpoint {
  readonly protocol: "http:" | "https:";
  /** Lower case, with its port when that is not the protocol's own. */
  readonly host: string;
  /** Path in front of the bucket, with a leading and without a trailing slash; mostly empty. */
  readonly basePath: string;
}

/** A URL of the form `https://host/base`; undefined for anything else, also for one with a query, a fragment or a password. */
export function parseBaseUrl(text: string): S3Endpoint | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol, host } = url;
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  if (url.username !== "" || url.password !== "" || /[?#]/.test(text) || host === "") return undefined;
  return { protocol, host, basePath: url.pathname.replace(/\/+$/, "") };
}

/** Domains of Amazon's partitions that have one of their own, by the beginning of their regions' names. */
const PARTITIONS = [
  ["cn-", "amazonaws.com.cn"],
  ["eusc-", "amazonaws.eu"],
] as const;

/** Amazon S3's own endpoint of a region. https://docs.aws.amazon.com/general/latest/gr/s3.html */
export function amazonEndpoint(region: string): S3Endpoint {
  const [, domain] = PARTITIONS.find(([beginning]) => region.startsWith(beginning)) ?? ["", "amazonaws.com"];
  return { protocol: "https:", host: `s3.${region}.${domain}`, basePath: "" };
}

/** The domain of Amazon's that a host is in. */
export function amazonDomain(host: string): string | undefined {
  return /(?:^|[.])(amazonaws[.](?:com|com[.]cn|eu))$/.exec(host)?.[1];
}

/** Where the objects of one bucket are: what stands in front of an encoded key. */
export interface BucketAddress {
  /** What a connection is opened to. */
  readonly origin: string;
  readonly host: string;
  /** Ends without a slash. */
  readonly path: string;
}

export function bucketAddress(endpoint: S3Endpoint, bucket: string, pathStyle: boolean): BucketAddress {
  const host = pathStyle ? endpoint.host : `${bucket}.${endpoint.host}`;
  return {
    origin: `${endpoint.protocol}//${host}`,
    host,
    path: pathStyle ? `${endpoint.basePath}/${encodeURIComponent(bucket)}` : endpoint.basePath,
  };
}
