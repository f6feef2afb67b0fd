import type { Capabilities } from "../contract/capabilities.ts";
import type { ListOptions, ListPageOptions } from "../contract/provider.ts";
import { checkWholeNumber } from "./check-numbers.ts";
import { refusal, type CallSite } from "./failure.ts";

/** Options of a listing. Empty strings mean the same as leaving the option out, as in every service's own protocol. */
export function checkListOptions(capabilities: Capabilities, site: CallSite, options: ListOptions): ListOptions {
  const { prefix, delimiter, startAfter } = options;
  for (const [name, value] of [
    ["prefix", prefix],
    ["delimiter", delimiter],
    ["startAfter", startAfter],
  ] as const) {
    checkText(site, name, value);
  }
  if (delimiter) checkDelimiter(capabilities.list.delimiter, site, delimiter);
  if (startAfter && !capabilities.list.startAfter) {
    throw refusal("Unsupported", site, "the service cannot begin a listing after a key. Leave startAfter out");
  }
  return {
    signal: options.signal,
    prefix: prefix || undefined,
    delimiter: delimiter || undefined,
    startAfter: startAfter || undefined,
  };
}

/** The same with `limit` filled in and bounded by the provider's page. */
export function checkListPageOptions(
  capabilities: Capabilities,
  site: CallSite,
  options: ListPageOptions,
): ListPageOptions & { readonly limit: number } {
  const { cursor, limit } = options;
  const { pageSize } = capabilities.list;
  if (limit !== undefined) checkWholeNumber(site, "limit", limit, 1);
  if (cursor !== undefined && (typeof cursor !== "string" || cursor === "")) {
    throw refusal(
      "InvalidArgument",
      site,
      "cursor is not a cursor of a page before. Leave it out to begin at the start",
    );
  }
  return { ...checkListOptions(capabilities, site, options), cursor, limit: Math.min(limit ?? pageSize, pageSize) };
}

function checkText(site: CallSite, name: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value.isWellFormed())) return;
  throw refusal(
    "InvalidArgument",
    site,
    `${name} is no well-formed string. Pass text without halves of surrogate pairs`,
  );
}

function checkDelimiter(supported: Capabilities["list"]["delimiter"], site: CallSite, delimiter: string): void {
  if (supported === "any" || (supported === "slash" && delimiter === "/")) return;
  throw refusal(
    "Unsupported",
    site,
    supported === "slash"
      ? `the service groups by "/" only, not by ${JSON.stringify(delimiter)}`
      : "the service does not group keys. Leave delimiter out",
  );
}
