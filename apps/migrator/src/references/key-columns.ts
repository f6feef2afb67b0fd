import type { ReferenceRoute } from "./contract.ts";
import type { Occurrence, Reading } from "./text/occurrence.ts";

/**
 * A cell of a column that the configuration calls a column of keys: the whole text is a key, bare or behind the bucket's
 * name. What is written back has the form that was there.
 */
export function keyOccurrences(
  text: string,
  { name, source, target }: ReferenceRoute,
  path: string | undefined,
): readonly Occurrence[] {
  if (text === "" || text.includes("://")) return [];
  const reading = (key: string, write: (key: string) => string): Reading => ({
    route: name,
    side: "source",
    key,
    kind: "key",
    form: "key",
    end: text.length,
    keyEnd: text.length,
    rank: 0,
    edits: (replacement) => [{ start: 0, end: text.length, text: write(replacement) }],
  });
  const slash = text.startsWith("/") ? "/" : "";
  const whole = text.slice(slash.length);
  const behindBucket = whole.startsWith(`${source.bucket}/`) ? whole.slice(source.bucket.length + 1) : "";
  return [
    {
      start: 0,
      path,
      readings: [
        ...(behindBucket === "" ? [] : [reading(behindBucket, (key) => `${slash}${target.bucket}/${key}`)]),
        reading(whole, (key) => `${slash}${key}`),
      ],
      bounded: true,
    },
  ];
}
