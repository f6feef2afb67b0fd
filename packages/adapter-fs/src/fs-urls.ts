import { encodeKeyPath, keyCandidates, type ParsedUrl } from "@bucketferry/storage-core/provider";

/** The URLs of a directory that a web server serves: its base, then the key, each segment percent-encoded. */
export interface FsUrls {
  readonly hosts: readonly string[];
  publicUrl(key: string): string;
  parseUrl(url: string): ParsedUrl | undefined;
}

export function fsUrls(bucket: string, publicBaseUrl: string | undefined): FsUrls {
  const base = publicBaseUrl === undefined ? undefined : new URL(publicBaseUrl);
  const basePath = base?.pathname.replace(/\/*$/, "/") ?? "/";
  return {
    hosts: base === undefined ? [] : [base.host],
    publicUrl: (key) => `${base?.origin ?? ""}${basePath}${encodeKeyPath(key)}`,
    parseUrl(text) {
      const parts = splitUrl(text);
      if (base === undefined || parts === undefined || !sameHost(parts, base)) return undefined;
      if (!parts.path.startsWith(basePath)) return undefined;
      // A `?` that nobody escaped may have been part of the name.
      const candidates = keyCandidates(parts.path.slice(basePath.length), parts.query);
      const [key] = candidates;
      if (key === undefined) return undefined;
      return { bucket, key, kind: "public", candidates, query: parts.query, fragment: parts.fragment };
    },
  };
}

interface UrlParts {
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** By hand, because the URL parser of the web collapses dot segments and so changes which key is named. */
function splitUrl(text: string): UrlParts | undefined {
  const match = /^(?:(https?):)?\/\/([^/?#]+)(\/[^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", host = "", path = "", query = "", fragment = ""] = match;
  const defaultPort = scheme.toLowerCase() === "http" ? ":80" : ":443";
  const bare = host.toLowerCase();
  return { host: bare.endsWith(defaultPort) ? bare.slice(0, -defaultPort.length) : bare, path, query, fragment };
}

function sameHost(parts: UrlParts, base: URL): boolean {
  return parts.host === base.host;
}
