import type { NotCarried } from "@bucketferry/ledger";

/** What the target cannot hold, by name; values can be long, and are in the ledger. */
export function notCarriedMessage({ headers = {}, metadata = {} }: NotCarried): string {
  const names = [...Object.keys(headers), ...Object.keys(metadata).map((name) => `metadata ${JSON.stringify(name)}`)];
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `The target cannot hold ${shown}${more} as the source has it.`;
}

const NAMES_SHOWN = 8;
