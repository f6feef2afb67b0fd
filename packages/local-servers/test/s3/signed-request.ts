import { createHash } from "node:crypto";
import { canonicalPath, parseTarget } from "../../src/s3/request-target.ts";
import { canonicalRequest, parseCredential, type Signer, signer, stringToSign } from "../../src/s3/signature.ts";

/** The user and the address that a request is signed for. */
export interface SigningContext {
  readonly url: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface Signed {
  readonly headers: Readonly<Record<string, string>>;
  readonly signature: string;
  readonly sign: Signer;
  readonly amzDate: string;
  readonly scope: string;
}

/**
 * Headers for a request that no SDK would send, signed well, so that it is refused for what it asks and not for its
 * signature. `payload`: the body, or what to say of it instead of its hash.
 */
export function signHeaders(
  { url, region, credentials }: SigningContext,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  payload: Uint8Array | "UNSIGNED-PAYLOAD" | `STREAMING-${string}` = "UNSIGNED-PAYLOAD",
): Signed {
  const amzDate = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = parseCredential(`${credentials.accessKeyId}/${amzDate.slice(0, 8)}/${region}/s3/aws4_request`);
  if (scope === undefined) throw new Error("The credential is in no shape.");
  const payloadHash = typeof payload === "string" ? payload : createHash("sha256").update(payload).digest("hex");
  const all: Record<string, string> = {
    ...headers,
    host: new URL(url).host,
    "x-amz-date": amzDate,
    "x-amz-content-sha256": payloadHash,
  };
  const names = Object.keys(all).toSorted();
  const parsed = parseTarget(target, all["host"] ?? "", { plusInPath: "space", hosts: [] });
  const canonical = canonicalRequest({
    method,
    path: canonicalPath(parsed),
    query: parsed.query.canonical(),
    headers: names.map((name) => [name, all[name] ?? ""]),
    payloadHash,
  });
  const sign = signer(credentials.secretAccessKey, scope);
  const signature = sign(stringToSign(amzDate, scope.text, canonical));
  const credential = `${credentials.accessKeyId}/${scope.text}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { headers: { ...all, authorization }, signature, sign, amzDate, scope: scope.text };
}
