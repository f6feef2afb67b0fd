import { createHmac, timingSafeEqual } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** Why a token was refused, in the words of the `jose` library, which the server shows to its clients. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

const HEADER = encode({ alg: "HS256" });

/** A JSON Web Token signed with HMAC-SHA-256 (RFC 7515, RFC 7519). */
export function signToken(claims: Claims, secret: string): string {
  const signed = `${HEADER}.${encode(claims)}`;
  return `${signed}.${mac(signed, secret).toString("base64url")}`;
}

/** The claims of a token with a good signature that is valid now. Throws `TokenError`. */
export function verifyToken(token: string, secret: string, nowMs: number): Claims {
  const [header, payload, signature, ...rest] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw new TokenError("Invalid Compact JWS");
  }
  const { alg } = decode(header, "Invalid Compact JWS");
  if (alg !== "HS256") throw new TokenError('"alg" (Algorithm) Header Parameter value not allowed');
  const expected = mac(`${header}.${payload}`, secret);
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new TokenError("signature verification failed");
  }
  const claims = decode(payload, "JWT Claims Set must be a top-level JSON object");
  const nowSeconds = Math.floor(nowMs / 1000);
  checkTimestamp(claims, "nbf", (notBefore) => notBefore <= nowSeconds);
  checkTimestamp(claims, "exp", (expiry) => expiry > nowSeconds);
  return claims;
}

function checkTimestamp(claims: Claims, name: "exp" | "nbf", holds: (seconds: number) => boolean): void {
  const value = claims[name];
  if (value === undefined) return;
  if (typeof value !== "number") throw new TokenError(`"${name}" claim must be a number`);
  if (!holds(value)) throw new TokenError(`"${name}" claim timestamp check failed`);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string, complaint: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through: text that is not JSON is refused like JSON of the wrong shape.
  }
  throw new TokenError(complaint);
}

function mac(text: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}
