import { createHmac, timingSafeEqual } from "node:crypto";

/** Signs URLs of this service that work without credentials until they expire. */
export interface Links {
  /** A token that opens exactly this resource (such as `file:audio/x.m4a`) for so long. */
  sign(resource: string, expiresInSeconds: number): { readonly token: string; readonly expiresAt: Date };
  /** `valid`, or why not. */
  check(resource: string, token: string): "valid" | "expired" | "invalid";
}

/** `{expiry in seconds}.{HMAC-SHA-256 over expiry and resource}`, base64url. */
export function links(secret: string, now: () => number = Date.now): Links {
  const signature = (resource: string, expiry: string): Buffer =>
    createHmac("sha256", secret).update(`link\n${expiry}\n${resource}`).digest();
  return {
    sign(resource, expiresInSeconds) {
      const expiry = Math.floor(now() / 1000) + expiresInSeconds;
      return {
        token: `${expiry}.${signature(resource, String(expiry)).toString("base64url")}`,
        expiresAt: new Date(expiry * 1000),
      };
    },
    check(resource, token) {
      const match = /^(\d{1,12})\.([\w-]{43})$/.exec(token);
      if (match === null) return "invalid";
      const [, expiry = "", given = ""] = match;
      const expected = signature(resource, expiry);
      const bytes = Buffer.from(given, "base64url");
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return "invalid";
      return Number(expiry) * 1000 > now() ? "valid" : "expired";
    },
  };
}
