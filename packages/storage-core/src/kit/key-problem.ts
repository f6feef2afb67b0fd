import type { KeyRules } from "../contract/capabilities.ts";
import { utf8Length } from "./utf8-length.ts";

/** Longest key that any provider takes, in bytes of UTF-8. S3 set the limit and everybody else kept it. */
export const MAX_KEY_BYTES = 1024;

/** Why a key is refused. Both are parts of a sentence that begins with the key. */
export interface KeyProblem {
  readonly reason: string;
  readonly fix: string;
}

export type KeyCheck = (key: unknown) => KeyProblem | undefined;

const CHECKS = new WeakMap<KeyRules, KeyCheck>();

/** What is wrong with `key` under `rules`; undefined when nothing is. Pure; the same key always gets the same answer. */
export function keyProblem(key: unknown, rules: KeyRules): KeyProblem | undefined {
  let check = CHECKS.get(rules);
  if (check === undefined) {
    check = keyCheck(rules);
    CHECKS.set(rules, check);
  }
  return check(key);
}

/** `keyProblem` with its rules compiled, for whoever checks many keys. */
export function keyCheck(rules: KeyRules): KeyCheck {
  const maxBytes = Math.min(rules.maxBytes, MAX_KEY_BYTES);
  const charset = rules.charset === undefined ? undefined : new RegExp(`^(?:${rules.charset})*$`, "u");
  const reserved = rules.reserved === undefined ? undefined : new RegExp(rules.reserved, "u");
  const segmentsAreFree =
    rules.dotSegments &&
    rules.leadingSlash &&
    rules.trailingSlash &&
    rules.doubleSlash &&
    rules.maxSegmentBytes >= maxBytes;

  return (key) => {
    if (typeof key !== "string") return { reason: `is ${typeName(key)}, not a string`, fix: "Pass a string" };
    if (key === "") return { reason: "is empty", fix: "Name at least one character" };
    if (!key.isWellFormed()) {
      return {
        reason: "holds half of a surrogate pair, which UTF-8 cannot express",
        fix: "Cut strings between characters, or apply toWellFormed()",
      };
    }
    // Three bytes is the most that one UTF-16 unit takes, so most keys need no counting.
    if (key.length * 3 > maxBytes) {
      const bytes = utf8Length(key);
      if (bytes > maxBytes) {
        return { reason: `is ${bytes} bytes of UTF-8, ${maxBytes} are allowed`, fix: "Shorten it" };
      }
    }
    if (charset !== undefined && !charset.test(key)) return charsetProblem(key, rules.charset ?? "");
    if (rules.unicodeForms === "nfc" && key.normalize("NFC") !== key) {
      return { reason: "is not in the Unicode form NFC, and would be stored as another key", fix: "Normalize it" };
    }
    const segment = segmentsAreFree ? undefined : segmentProblem(key, rules);
    if (segment !== undefined) return segment;
    if (reserved?.test(key) === true) {
      return { reason: "is reserved by the provider for its own use", fix: "Choose another name" };
    }
    return undefined;
  };
}

function charsetProblem(key: string, charset: string): KeyProblem {
  const one = new RegExp(`^(?:${charset})$`, "u");
  const offender = Array.from(key).find((character) => !one.test(character)) ?? "";
  const code = (offender.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return {
    reason: `holds U+${code} (${JSON.stringify(offender)}), which the service does not take`,
    fix: `Use only characters of ${charset}, or map the key to one that does`,
  };
}

function segmentProblem(key: string, rules: KeyRules): KeyProblem | undefined {
  if (!rules.leadingSlash && key.startsWith("/")) {
    return { reason: "starts with a slash", fix: "Leave the slash out" };
  }
  if (!rules.trailingSlash && key.endsWith("/")) {
    return { reason: "ends with a slash", fix: "Name something after the last slash" };
  }
  if (!rules.doubleSlash && key.includes("//")) {
    return { reason: "holds two slashes in a row", fix: "Leave one of them out" };
  }
  for (const segment of key.split("/")) {
    if (!rules.dotSegments && (segment === "." || segment === "..")) {
      return { reason: `holds the segment "${segment}"`, fix: "Name the segment otherwise" };
    }
    if (segment.length * 3 > rules.maxSegmentBytes && utf8Length(segment) > rules.maxSegmentBytes) {
      return {
        reason: `holds a part of ${utf8Length(segment)} bytes between slashes, ${rules.maxSegmentBytes} are allowed`,
        fix: "Shorten that part",
      };
    }
  }
  return undefined;
}

function typeName(value: unknown): string {
  return value === null ? "null" : typeof value;
}
