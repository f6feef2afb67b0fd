import type { KeyRules } from "../contract/capabilities.ts";
import { StorageError } from "../errors/storage-error.ts";
import { keyEscape } from "./key-escape.ts";

export interface KeyMappingOptions {
  /** What the keys of the source begin with and the target's do not. */
  readonly stripPrefix?: string | undefined;
  /** What the target's keys begin with and the source's do not. */
  readonly addPrefix?: string | undefined;
  /** Writes what the target's rules refuse as `=HH`, one pair of hex digits a byte. Left out: keys stay as they are. */
  readonly escapeFor?: KeyRules | undefined;
}

/** How a route names an object on its two sides. Either direction is undefined for a key that the route does not cover. */
export interface KeyMapping {
  toTarget(key: string): string | undefined;
  toSource(key: string): string | undefined;
}

/**
 * A key mapping that can be undone: `toSource(toTarget(key))` is `key` for every key it covers, and no two keys of the source
 * become one of the target. Whether a mapped key fits the target is for `keyProblem` to say.
 */
export function keyMapping({ stripPrefix = "", addPrefix = "", escapeFor }: KeyMappingOptions = {}): KeyMapping {
  for (const [name, prefix] of Object.entries({ stripPrefix, addPrefix })) {
    if (prefix.isWellFormed()) continue;
    throw new StorageError("InvalidConfig", `${name} holds half of a surrogate pair. Pass well-formed text`);
  }
  // A slash that leads a name follows the prefix's own.
  const leadingSlash = addPrefix.endsWith("/") ? escapeFor?.doubleSlash : escapeFor?.leadingSlash;
  const escape = escapeFor && keyEscape({ ...escapeFor, leadingSlash: leadingSlash === true });

  const toTarget = (key: string): string | undefined => {
    if (!key.startsWith(stripPrefix) || key.length === stripPrefix.length) return undefined;
    const name = key.slice(stripPrefix.length);
    return addPrefix + (escape === undefined ? name : escape.write(name));
  };

  return {
    toTarget,
    toSource(key) {
      if (!key.startsWith(addPrefix) || key.length === addPrefix.length) return undefined;
      const written = key.slice(addPrefix.length);
      const name = escape === undefined ? written : escape.read(written);
      // A key that the mapping would not have written is somebody else's.
      return name !== undefined && toTarget(stripPrefix + name) === key ? stripPrefix + name : undefined;
    },
  };
}
