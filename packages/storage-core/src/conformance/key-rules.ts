import type { KeyRules } from "../contract/capabilities.ts";

/**
 * Why a key breaks the rules that a provider declares; undefined when it keeps them.
 *
 * Written apart from the check that providers are built on, so that the suite has an opinion of its own.
 */
export function brokenKeyRule(key: string, rules: KeyRules): string | undefined {
  if (key === "") return "empty";
  if (!key.isWellFormed()) return "lone surrogate";
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const segments = key.split("/");
  if (bytes(key) > rules.maxBytes) return `longer than ${rules.maxBytes} bytes`;
  if (segments.some((segment) => bytes(segment) > rules.maxSegmentBytes)) {
    return `segment longer than ${rules.maxSegmentBytes} bytes`;
  }
  if (rules.charset !== undefined && !new RegExp(`^(?:${rules.charset})*$`, "u").test(key)) return "charset";
  if (rules.unicodeForms === "nfc" && key !== key.normalize("NFC")) return "decomposed";
  if (!rules.dotSegments && segments.some((segment) => segment === "." || segment === "..")) return "dot segment";
  if (!rules.leadingSlash && key.startsWith("/")) return "leading slash";
  if (!rules.trailingSlash && key.endsWith("/")) return "trailing slash";
  if (!rules.doubleSlash && key.includes("//")) return "double slash";
  if (rules.reserved !== undefined && new RegExp(rules.reserved, "u").test(key)) return "reserved";
  return undefined;
}

/** Without those that a provider takes for another one of them, as it says: the last of each stays. */
export function toldApart<Named>(
  names: readonly Named[],
  keyOf: (named: Named) => string,
  rules: KeyRules,
): readonly Named[] {
  if (rules.unicodeForms === "distinct") return names;
  return [...new Map(names.map((named) => [keyOf(named).normalize("NFC"), named])).values()];
}
