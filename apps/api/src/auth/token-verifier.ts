import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import type { AuthConfig } from "../config/service-config.ts";
import { Problem } from "../problem/problem.ts";
import type { Caller } from "./caller.ts";
import { keySet } from "./key-set.ts";
import { soundTokens } from "./sound-tokens.ts";

const CLOCK_TOLERANCE_SECONDS = 30;
/** Of a shared secret: https://www.rfc-editor.org/rfc/rfc8725#section-3.1 asks to pin algorithms to kinds of key. */
const SECRET_ALGORITHMS = ["HS256"];
const KEY_SET_ALGORITHMS = ["ES256", "RS256", "EdDSA"];

/**
 * Verifies JWTs as Supabase Auth issues them (RFC 7519): signature by the shared secret or the published key set,
 * expiry, audience, issuer. `none` and an algorithm of the other kind of key never pass.
 */
export function tokenVerifier({
  jwtSecret,
  jwksUrl,
  issuer,
  audience,
}: Extract<AuthConfig, { mode: "credentials" }>): (token: string) => Promise<Caller> {
  const secret = jwtSecret === undefined ? undefined : new TextEncoder().encode(jwtSecret);
  const keys = jwksUrl === undefined ? undefined : keySet(new URL(jwksUrl));
  const expectations: JWTVerifyOptions = {
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ["exp"],
    ...(issuer === undefined ? {} : { issuer }),
  };

  const verify = async (token: string): Promise<JWTPayload> => {
    const alg = algorithmOf(token);
    if (secret !== undefined && SECRET_ALGORITHMS.includes(alg ?? "")) {
      return (await jwtVerify(token, secret, { ...expectations, algorithms: SECRET_ALGORITHMS })).payload;
    }
    if (keys !== undefined && KEY_SET_ALGORITHMS.includes(alg ?? "")) {
      return (await jwtVerify(token, keys, { ...expectations, algorithms: KEY_SET_ALGORITHMS })).payload;
    }
    throw new errors.JOSEAlgNotAllowed("algorithm");
  };

  const sound = soundTokens();
  return async (token) => {
    const known = sound.find(token);
    if (known !== undefined) return known;
    let payload: JWTPayload;
    try {
      payload = await verify(token);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) {
        throw new Problem("KeySetUnavailable", undefined, { cause: error });
      }
      throw refused(sentenceOf(error), error);
    }
    const caller = callerOf(payload, audience);
    sound.keep(token, caller, ((payload.exp ?? 0) + CLOCK_TOLERANCE_SECONDS) * 1000);
    return caller;
  };
}

/** @throws JOSEError for what is no token at all */
function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch (error) {
    throw new errors.JWTInvalid("not a token", { cause: error });
  }
}

/** The service's and the anonymous role's keys of a Supabase project carry no audience and no user. */
function callerOf(payload: JWTPayload, audience: string): Caller {
  if (payload.role === "service_role") return { role: "service_role", id: payload.sub ?? "service" };
  if (payload.role === "anon") return { role: "anon", id: "" };
  const audiences = typeof payload.aud === "string" ? [payload.aud] : (payload.aud ?? []);
  if (!audiences.includes(audience)) throw refused("The token is for another audience.");
  if (typeof payload.sub !== "string" || payload.sub === "") throw refused("The token names no user (`sub`).");
  return { role: "authenticated", id: payload.sub };
}

function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "The token has expired.";
  if (error instanceof errors.JWTClaimValidationFailed)
    return `The token's claim ${error.claim} is not what it must be.`;
  return "The token is not valid.";
}

function refused(detail: string, cause?: unknown): Problem {
  return new Problem("Unauthorized", detail, {
    cause,
    headers: { "www-authenticate": 'Bearer error="invalid_token"' },
  });
}
