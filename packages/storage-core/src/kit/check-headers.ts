import type { Capabilities } from "../contract/capabilities.ts";
import type { Metadata, SystemHeaders } from "../contract/provider.ts";
import { refusal, type CallSite } from "./failure.ts";
import { utf8Length } from "./utf8-length.ts";

const SYSTEM_HEADERS = [
  "contentType",
  "cacheControl",
  "contentDisposition",
  "contentEncoding",
  "contentLanguage",
] as const satisfies readonly (keyof SystemHeaders)[];

/** RFC 9110 §5.5: what a field value can hold and every transport hands on unharmed. */
const HEADER_VALUE = /^[\x20-\x7e\t]*$/;
/** What would end a header or a string in the middle: the way to smuggle in a header of one's own. */
// oxlint-disable-next-line no-control-regex
const INJECTION = /[\r\n\0]/;

/** Refuses what the service does not keep, and values that no HTTP header can carry. */
export function checkSystemHeaders(capabilities: Capabilities, site: CallSite, headers: SystemHeaders): void {
  for (const name of SYSTEM_HEADERS) {
    const value: unknown = headers[name];
    if (value !== undefined) checkSystemHeader(capabilities, site, name, value);
  }
}

function checkSystemHeader(
  capabilities: Capabilities,
  site: CallSite,
  name: (typeof SYSTEM_HEADERS)[number],
  value: unknown,
): void {
  checkHeaderValue(site, name, value);
  if (!capabilities.systemHeaders[name]) {
    throw refusal("Unsupported", site, `the service does not store ${name}. Leave it out`);
  }
}

/** For any option that ends up as the value of a header. */
export function checkHeaderValue(site: CallSite, name: string, value: unknown): asserts value is string {
  if (typeof value !== "string") {
    throw refusal("InvalidArgument", site, `${name} is ${typeof value}. Pass a string, or leave it out`);
  }
  if (value.trim() === "") throw refusal("InvalidArgument", site, `${name} is empty. Leave it out to store none`);
  if (value !== value.trim()) {
    throw refusal("InvalidArgument", site, `${name} begins or ends with a space, which HTTP would drop. Trim it`);
  }
  if (!HEADER_VALUE.test(value)) {
    throw refusal(
      "InvalidArgument",
      site,
      `${name} holds a line break, a control character or a character outside ASCII. ` +
        "Remove it; a file name goes into filename*=UTF-8''… of RFC 8187",
    );
  }
}

/** Metadata with lower-case names, or an `InvalidArgument` that says which name and why. */
export function checkMetadata(
  capabilities: Capabilities,
  site: CallSite,
  metadata: Metadata | undefined,
): Metadata | undefined {
  if (metadata === undefined) return undefined;
  const rules = capabilities.metadata;
  const charset = metadataCharset(rules.keyCharset);
  const checked = new Map<string, string>();
  let bytes = 0;
  for (const [name, value] of Object.entries<unknown>(metadata)) {
    const shown = `metadata ${JSON.stringify(name)}`;
    const refuse = (problem: string) => refusal("InvalidArgument", site, `${shown} ${problem}`);
    const lower = name.toLowerCase();
    if (name === "") throw refuse("has an empty name. Name it");
    if (!charset.test(lower)) throw refuse(`holds a character outside ${rules.keyCharset}. Rename it`);
    if (checked.has(lower))
      throw refuse("is there twice, in upper and lower case; services keep one of them. Rename one");
    if (typeof value !== "string") throw refuse(`is ${typeof value}. Pass a string`);
    const problem = metadataValueProblem(value, rules.values);
    if (problem !== undefined) throw refuse(problem);
    checked.set(lower, value);
    bytes += utf8Length(lower) + utf8Length(value);
  }
  if (bytes > rules.maxBytes) {
    throw refusal(
      "InvalidArgument",
      site,
      `metadata takes ${bytes} bytes, names and values together; ${rules.maxBytes} are allowed. Shorten it`,
    );
  }
  // fromEntries defines properties; assigning one by one would lose a metadata called __proto__.
  return Object.fromEntries(checked);
}

function metadataValueProblem(value: string, allowed: "ascii" | "utf8"): string | undefined {
  if (INJECTION.test(value)) return "holds a line break or NUL. Encode it, for example as JSON";
  if (allowed === "utf8")
    return value.isWellFormed() ? undefined : "holds half of a surrogate pair. Apply toWellFormed()";
  if (!HEADER_VALUE.test(value))
    return "holds a character outside printable ASCII. Encode it, for example with encodeURIComponent";
  return value === value.trim() ? undefined : "begins or ends with a space, which HTTP would drop. Trim or encode it";
}

const CHARSETS = new Map<string, RegExp>();

function metadataCharset(source: string): RegExp {
  let compiled = CHARSETS.get(source);
  if (compiled === undefined) {
    compiled = new RegExp(`^(?:${source})*$`, "u");
    CHARSETS.set(source, compiled);
  }
  return compiled;
}
