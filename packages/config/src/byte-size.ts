const BINARY = ["K", "M", "G", "T"].map((letter, i) => [letter, 1024 ** (i + 1)] as const);
const DECIMAL = ["K", "M", "G", "T"].map((letter, i) => [letter, 1000 ** (i + 1)] as const);

/**
 * By unit, in capitals. `KB` is SI and `KiB` IEC (https://physics.nist.gov/cuu/Units/binary.html). A letter alone is 1024, as the
 * field's tools have it: rclone (https://rclone.org/docs/#size-options), `wget --limit-rate`, `du`.
 */
const FACTORS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["B", 1],
  ...BINARY.flatMap(([letter, factor]) => [letter, `${letter}I`, `${letter}IB`].map((unit) => [unit, factor] as const)),
  ...DECIMAL.map(([letter, factor]) => [`${letter}B`, factor] as const),
]);

/** What `parseByteSize` takes, for messages. */
export const BYTE_SIZE_FORM = "10M or 10MiB (1024 × 1024 bytes), 10MB (1000 × 1000 bytes), or a number of bytes";

/** `100MiB`, `10M`, `5 GB`, `1048576` as bytes, units in any case; undefined for anything else. */
export function parseByteSize(text: string | number): number | undefined {
  if (typeof text === "number") return Number.isSafeInteger(text) && text >= 0 ? text : undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = FACTORS.get(match?.[2]?.toUpperCase() ?? "?");
  if (match?.[1] === undefined || factor === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
