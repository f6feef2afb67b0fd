import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";

/** Signature Version 4: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export const ALGORITHM = "AWS4-HMAC-SHA256";
export const EMPTY_SHA256 = createHash("sha256").digest("hex");

/** `ACCESSKEY/20260102/us-east-1/s3/aws4_request`. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** All but the access key. */
  readonly text: string;
}

export function parseCredential(credential: string): CredentialScope | undefined {
  const match = /^(.+)\/(\d{8})\/([^/]*)\/([^/]+)\/aws4_request$/.exec(credential);
  if (match === null) return undefined;
  const [, accessKeyId = "", date = "", region = "", service = ""] = match;
  return { accessKeyId, date, region, service, text: `${date}/${region}/${service}/aws4_request` };
}

/** `20260102T030405Z` as milliseconds since 1970; undefined for any other text. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

export interface CanonicalRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Signed headers by lower-case name, in order of name. */
  readonly headers: readonly (readonly [string, string])[];
  readonly payloadHash: string;
}

export function canonicalRequest(request: CanonicalRequest): string {
  const headers = request.headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}\n`).join("");
  const names = request.headers.map(([name]) => name).join(";");
  return [request.method, request.path, request.query, headers, names, request.payloadHash].join("\n");
}

export function stringToSign(amzDate: string, scope: string, canonical: string): string {
  // Header values come from Node as Latin-1: this way the hash is over the very bytes that arrived.
  const hash = createHash("sha256").update(Buffer.from(canonical, "latin1")).digest("hex");
  return [ALGORITHM, amzDate, scope, hash].join("\n");
}

/** Signs texts of one day, region and service. Deriving the key costs four HMACs, so whoever signs often keeps the signer. */
export type Signer = (text: string) => string;

export function signer(secretAccessKey: string, scope: Pick<CredentialScope, "date" | "region" | "service">): Signer {
  const hmac = (key: string | Buffer | KeyObject, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  const bytes = hmac(
    hmac(hmac(hmac(`AWS4${secretAccessKey}`, scope.date), scope.region), scope.service),
    "aws4_request",
  );
  // From bytes, Node makes a key anew for each HMAC: an eighth of what a small request costs the server.
  const key = createSecretKey(bytes);
  return (text) => hmac(key, text).toString("hex");
}

export function equalSignatures(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
