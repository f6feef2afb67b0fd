/** The claims of a JSON Web Token, unverified; undefined for any other text. Never throws. */
export function tokenClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** When a token ends (`exp`, seconds since 1970: RFC 7519 §4.1.4); undefined when it has no end. */
export function tokenExpiry(claims: Readonly<Record<string, unknown>>): Date | undefined {
  const { exp } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return undefined;
  const date = new Date(exp * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
