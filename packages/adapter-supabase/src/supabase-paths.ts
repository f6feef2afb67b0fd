import { encodeKeyPath } from "@bucketferry/storage-core/provider";

/**
 * A key as it has to stand in a request path. The service's own clients leave most characters as they are, so that a
 * `?` cuts the key; here every character but the slash and the unreserved ones is escaped, which the service decodes
 * to exactly the key.
 */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

/** The routes of one bucket, relative to the base of the storage API. */
export interface SupabasePaths {
  readonly bucketInfo: string;
  readonly buckets: string;
  readonly list: string;
  readonly remove: string;
  readonly copy: string;
  readonly signMany: string;
  readonly resumable: string;
  object(key: string): string;
  authenticated(key: string): string;
  info(key: string): string;
  publicObject(key: string): string;
  signed(key: string, token: string): string;
  signUpload(key: string): string;
  signedUpload(key: string, token: string): string;
}

export function supabasePaths(bucket: string): SupabasePaths {
  const inPath = encodeURIComponent(bucket);
  return {
    bucketInfo: `/bucket/${inPath}`,
    buckets: "/bucket",
    list: `/object/list-v2/${inPath}`,
    remove: `/object/${inPath}`,
    copy: "/object/copy",
    signMany: `/object/sign/${inPath}`,
    resumable: "/upload/resumable",
    object: (key) => `/object/${inPath}/${encodeKey(key)}`,
    authenticated: (key) => `/object/authenticated/${inPath}/${encodeKey(key)}`,
    info: (key) => `/object/info/authenticated/${inPath}/${encodeKey(key)}`,
    publicObject: (key) => `/object/public/${inPath}/${encodeKeyPath(key)}`,
    signed: (key, token) => `/object/sign/${inPath}/${encodeKey(key)}?token=${encodeURIComponent(token)}`,
    signUpload: (key) => `/object/upload/sign/${encodeForSigning(`${bucket}/${key}`)}`,
    signedUpload: (key, token) => `/object/upload/sign/${inPath}/${encodeKey(key)}?token=${encodeURIComponent(token)}`,
  };
}

/**
 * The route that signs an upload takes the text to sign from the path with `decodeURI`, which leaves the escapes of
 * `+ & = ; : @ , $` standing. So these go unescaped. A `?` has to be escaped; whoever calls looks into the token.
 */
function encodeForSigning(key: string): string {
  return encodeURI(key).replaceAll("?", "%3F").replaceAll("#", "%23");
}
