import type { KeyRules } from "../contract/capabilities.ts";
import { StorageError } from "../errors/storage-error.ts";

/** Legal in every service's keys that we know of, and rare in names. */
const MARK = "=";
const ESCAPED_BYTE = /=([0-9A-F]{2})/g;

export interface KeyEscape {
  write(name: string): string;
  /** Undefined when the text cannot have come from `write`. */
  read(text: string): string | undefined;
}

/**
 * Writes names so that `rules` take them: characters outside the charset, the mark itself, and the slashes and dots of
 * segments that the rules refuse become `=HH`. Length is not looked at; an escaped name can be too long.
 */
export function keyEscape(rules: KeyRules): KeyEscape {
  const allowed = rules.charset === undefined ? undefined : new RegExp(`^(?:${rules.charset})$`, "u");
  for (const needed of [MARK, "A", "0"]) {
    if (allowed?.test(needed) !== false) continue;
    throw new StorageError("InvalidConfig", `keys cannot be escaped for ${rules.charset}, which lacks ${needed}`);
  }
  const isFree = (character: string): boolean => character !== MARK && allowed?.test(character) !== false;

  return {
    write(name) {
      const slashes = slashesToEscape(name, rules);
      let written = "";
      let index = 0;
      for (const character of name) {
        const escaped = slashes.has(index) || (character !== "/" && !isFree(character));
        written += escaped ? escapeBytes(character) : character;
        index += character.length;
      }
      return rules.dotSegments ? written : written.split("/").map(escapeDots).join("/");
    },

    read(text) {
      if (text.replace(ESCAPED_BYTE, "").includes(MARK)) return undefined;
      try {
        // decodeURIComponent puts the bytes of one character together again; percent signs that are not ours are escaped first.
        return decodeURIComponent(text.replaceAll("%", "%25").replace(ESCAPED_BYTE, "%$1"));
      } catch {
        return undefined;
      }
    },
  };
}

/** Where the slashes stand that would lead, trail or double where the rules allow none of that. */
function slashesToEscape(name: string, rules: KeyRules): ReadonlySet<number> {
  const places = new Set<number>();
  if (!rules.leadingSlash && name.startsWith("/")) places.add(0);
  if (!rules.trailingSlash && name.endsWith("/")) places.add(name.length - 1);
  if (rules.doubleSlash) return places;
  // Of a run, every second one stays: then none follows another that stays.
  for (let index = 1; index < name.length; index += 1) {
    if (name[index] === "/" && name[index - 1] === "/" && !places.has(index - 1)) places.add(index);
  }
  return places;
}

function escapeDots(segment: string): string {
  return segment === "." || segment === ".." ? segment.replaceAll(".", escapeBytes(".")) : segment;
}

function escapeBytes(character: string): string {
  return Array.from(
    new TextEncoder().encode(character),
    (byte) => MARK + byte.toString(16).toUpperCase().padStart(2, "0"),
  ).join("");
}
