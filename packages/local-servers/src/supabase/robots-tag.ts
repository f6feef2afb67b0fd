import { failures } from "./api-error.ts";

/** https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag */
const RULE =
  /^(?:all|noindex|nofollow|none|noarchive|nosnippet|indexifembedded|notranslate|noimageindex|max-snippet:\s*-?\d+|max-image-preview:\s*(?:none|standard|large)|max-video-preview:\s*-?\d+|unavailable_after:.+)$/i;
const USER_AGENT = /^[a-z0-9_-]+\s*:\s*(?=\S)/i;

export function checkRobotsTag(value: string): void {
  const rules = value.split(",").map((rule) => rule.trim());
  const bad = rules.find((rule) => !RULE.test(rule) && !RULE.test(rule.replace(USER_AGENT, "")));
  if (bad !== undefined) throw failures.invalidRobotsTag(bad === "" ? "empty rule" : `unknown rule "${bad}"`);
}
