/** The entities that can stand in a URL inside HTML or XML. */
const ENTITY = /&(?:amp|quot|apos|lt|gt|#38|#x26|#39|#x27);/gi;

const VALUES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&#38;": "&",
  "&#x26;": "&",
  "&quot;": '"',
  "&apos;": "'",
  "&#39;": "'",
  "&#x27;": "'",
  "&lt;": "<",
  "&gt;": ">",
};

/** The text as a browser reads it from HTML; undefined when it would read the same. */
export function decodedFromHtml(text: string): string | undefined {
  if (!text.includes("&")) return undefined;
  const decoded = text.replaceAll(ENTITY, (entity) => VALUES[entity.toLowerCase()] ?? entity);
  return decoded === text ? undefined : decoded;
}

/** A URL as it is written in HTML. */
export function encodedForHtml(url: string): string {
  return url.replaceAll("&", "&amp;");
}
