import { failures } from "./api-error.ts";
import { validate } from "./body-schema.ts";
import type { Exchange, Service } from "./exchange.ts";
import { type Claims, TokenError, verifyToken } from "./web-token.ts";

const TOKEN_QUERY = {
  type: "object",
  required: ["token"],
  properties: { token: { type: "string" } },
} as const;

/** Latest time that JavaScript can name; the server gives up on later ones. */
const LAST_SECOND = 8.64e12;

/** The two times of a token that is made now. */
export function lifetime(service: Service, expiresInSeconds: number): { readonly iat: number; readonly exp: number } {
  const iat = Math.floor(service.clock.nowMs() / 1000);
  const exp = iat + expiresInSeconds;
  if (exp > LAST_SECOND) throw failures.invalidParameter("Invalid Parameter expiresIn");
  return { iat, exp };
}

export interface DownloadPermission {
  /** Seconds since 1970; undefined for a token that never expires. */
  readonly expiresAt: number | undefined;
}

/** Tokens of older servers have no scope; a token for uploads has always had the claim `upsert`. */
export function verifyDownloadToken(exchange: Exchange, service: Service, url: string): DownloadPermission {
  const claims = verifySigned(tokenOf(exchange), service);
  if (claims["url"] !== url) throw failures.invalidSignature();
  const isForUploads = claims["scope"] === undefined ? claims["upsert"] !== undefined : claims["scope"] !== "download";
  if (isForUploads) throw failures.invalidSignature("Token is not scoped for download");
  return { expiresAt: typeof claims["exp"] === "number" ? claims["exp"] : undefined };
}

export interface UploadPermission {
  readonly upsert: boolean;
  readonly ownerId: string | null;
}

export function verifyUploadToken(exchange: Exchange, service: Service, url: string): UploadPermission {
  return checkUploadToken(tokenOf(exchange), service, url);
}

export function checkUploadToken(token: string, service: Service, url: string): UploadPermission {
  const claims = verifySigned(token, service);
  if (claims["scope"] !== "upload") throw failures.invalidSignature("Token is not scoped for upload");
  if (claims["url"] !== url) throw failures.invalidSignature();
  return {
    upsert: claims["upsert"] === true,
    ownerId: typeof claims["owner"] === "string" ? claims["owner"] : null,
  };
}

function tokenOf(exchange: Exchange): string {
  return validate(TOKEN_QUERY, Object.fromEntries(exchange.path.query), "querystring").token;
}

function verifySigned(token: string, service: Service): Claims {
  try {
    return verifyToken(token, service.settings.jwtSecret, service.clock.nowMs());
  } catch (error) {
    if (error instanceof TokenError) throw failures.invalidJwt(error.message);
    throw error;
  }
}
