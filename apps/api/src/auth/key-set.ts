import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwksCache,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
} from "jose";

/** A set is asked for anew after so long, and on a key id that it does not have. */
const FRESH_MS = 600_000;
/** Not more often than this, whatever key ids tokens claim to have, and whatever the endpoint answers. */
const COOL_DOWN_MS = 30_000;
/** For so long after it was last fetched a set counts while its endpoint does not answer. */
const KEPT_MS = 6 * 3_600_000;

/**
 * The published key set of an issuer (RFC 7517). A new key is found when a token first names it; one that was taken out is
 * refused once the set has been fetched again. An endpoint that is down does not lock everybody out at once.
 */
export function keySet(url: URL): JWTVerifyGetKey {
  /** The set as it was last read, and when (`uat`): jose writes both. */
  const read: JWKSCacheInput = {};
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: FRESH_MS,
    cooldownDuration: COOL_DOWN_MS,
    [jwksCache]: read,
  });
  let failedMs = -Infinity;
  const kept = (): JWTVerifyGetKey | undefined => {
    const { jwks, uat } = read;
    return jwks === undefined || uat === undefined || Date.now() - uat > KEPT_MS ? undefined : createLocalJWKSet(jwks);
  };
  return async (header, token) => {
    const last = Date.now() - failedMs < COOL_DOWN_MS ? kept() : undefined;
    if (last !== undefined) return last(header, token);
    try {
      return await remote(header, token);
    } catch (error) {
      // The set was read and holds no such key.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      failedMs = Date.now();
      const last = kept();
      if (last === undefined) throw new KeySetUnavailable(url, error);
      return last(header, token);
    }
  };
}

/** Nobody can be told from anybody: the endpoint does not answer, and no set is left that counts. */
class KeySetUnavailable extends Error {
  constructor(url: URL, cause: unknown) {
    super(`The key set at ${url.origin}${url.pathname} cannot be read.`, { cause });
    this.name = "KeySetUnavailable";
  }
}
