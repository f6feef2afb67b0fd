import { errors, jwtVerify } from "jose";
import { Problem } from "../problem/problem.ts";

/**
 * Verifies the token of a signed URL of Supabase Storage: a JWT whose `url` is `bucket/key`, signed with the project's
 * secret. Without that secret no signed URL can be told from an invented one, and all are refused.
 */
export function oldUrlSignature(
  secret: string | undefined,
): (token: string | undefined, objectPath: string) => Promise<void> {
  const key = secret === undefined ? undefined : new TextEncoder().encode(secret);
  return async (token, objectPath) => {
    if (token === undefined) throw new Problem("Unauthorized", "The URL has no token.");
    if (key === undefined) throw new Problem("Forbidden", "Signed URLs of the old provider are not accepted here.");
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"], requiredClaims: ["exp"] });
      if (payload.url === objectPath) return;
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new Problem("Expired", "The signed URL has expired.", { cause: error });
      throw new Problem("Forbidden", "The token of the signed URL is not valid.", { cause: error });
    }
    throw new Problem("Forbidden", "The token belongs to another file.");
  };
}
