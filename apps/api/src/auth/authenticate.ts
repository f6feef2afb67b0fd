import type { AuthConfig } from "../config/service-config.ts";
import { Problem } from "../problem/problem.ts";
import { API_KEY_PREFIX, type ApiKeys } from "./api-keys.ts";
import { ANONYMOUS, type Authenticate, type Caller } from "./caller.ts";
import { tokenVerifier } from "./token-verifier.ts";

/** In development everything belongs to one user, who may do everything. */
const DEVELOPER: Caller = { role: "service_role", id: "developer" };

/**
 * Bearer tokens and API keys. A request without credentials is anonymous; one with credentials that do not hold is refused,
 * also where anonymous ones are welcome: its sender believes to be somebody.
 */
export function authenticator(auth: AuthConfig, apiKeys: ApiKeys): Authenticate {
  if (auth.mode === "development") return () => Promise.resolve(DEVELOPER);
  const verifyToken = tokenVerifier(auth);
  return async (headers) => {
    const credentials = credentialsOf(headers);
    if (credentials === undefined) return ANONYMOUS;
    if (!credentials.startsWith(API_KEY_PREFIX)) return verifyToken(credentials);
    const caller = auth.apiKeys ? await apiKeys.find(credentials) : undefined;
    if (caller !== undefined) return caller;
    throw new Problem("Unauthorized", "The API key is not valid.", { headers: { "www-authenticate": "Bearer" } });
  };
}

function credentialsOf(headers: Headers): string | undefined {
  const authorization = headers.get("authorization");
  if (authorization === null) return headers.get("x-api-key") ?? undefined;
  const match = /^Bearer +(\S+)$/i.exec(authorization);
  if (match?.[1] !== undefined) return match[1];
  throw new Problem("Unauthorized", "The Authorization header must be `Bearer TOKEN`.", {
    headers: { "www-authenticate": "Bearer" },
  });
}
