import { failures } from "./api-error.ts";
import { ANONYMOUS, type Caller } from "./policies.ts";
import type { Access } from "./routes.ts";
import { TokenError, verifyToken } from "./web-token.ts";

/** Who calls, by the `Authorization` header and the kind of route. Throws `AccessDenied` where a good token is needed. */
export function authenticate(access: Access, authorization: string | undefined, secret: string, nowMs: number): Caller {
  if (access === "none") return ANONYMOUS;
  if (authorization === undefined && access === "required") {
    throw failures.schema("headers must have required property 'authorization'");
  }
  try {
    const claims = verifyToken((authorization ?? "").replace(/^Bearer\s+/i, ""), secret, nowMs);
    return {
      role: typeof claims["role"] === "string" ? claims["role"] : "anon",
      sub: typeof claims["sub"] === "string" ? claims["sub"] : undefined,
      authenticated: true,
    };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    if (access === "optional") return ANONYMOUS;
    throw failures.accessDenied(error.message);
  }
}
