import type { ReadConditions } from "../contract/capabilities.ts";
import type { ReadConditionOptions } from "../contract/provider.ts";
import { plainETag } from "./etag.ts";
import { refusal, type CallSite } from "./failure.ts";

/** One ETag without quotes, or `InvalidArgument`. */
export function checkETag(site: CallSite, name: string, etag: unknown): string {
  const plain = plainETag(etag);
  if (plain !== undefined) return plain;
  throw refusal(
    "InvalidArgument",
    site,
    `${name} has to be exactly one ETag, as head or put gave it; not empty, not "*", not a list`,
  );
}

/** Conditions of a write: what is there already. Returns the normalised ETag of `ifMatch`. */
export function checkWriteConditions(
  supported: { readonly create: boolean; readonly replace: boolean },
  site: CallSite,
  options: { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined },
): string | undefined {
  const { ifMatch, ifNoneMatch } = options;
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw refusal("InvalidArgument", site, "ifMatch and ifNoneMatch exclude each other. Pass one of them");
  }
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== "*") {
      throw refusal("InvalidArgument", site, 'ifNoneMatch of a write can only be "*": only when nothing is there');
    }
    if (!supported.create) throw unsupported(site, 'ifNoneMatch "*"');
    return undefined;
  }
  const plain = checkETag(site, "ifMatch", ifMatch);
  if (!supported.replace) throw unsupported(site, "ifMatch");
  return plain;
}

/** Conditions of `get` and `head`, with their ETags normalised; the same object when there are none. */
export function checkReadConditions<Options extends ReadConditionOptions>(
  supported: ReadConditions,
  site: CallSite,
  options: Options,
): Options {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = options;
  for (const name of ["ifModifiedSince", "ifUnmodifiedSince"] as const) {
    const date: unknown = options[name];
    if (date === undefined) continue;
    if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
      throw refusal("InvalidArgument", site, `${name} is not a valid Date. Pass a Date`);
    }
    if (!supported[name]) throw unsupported(site, name);
  }
  if (ifMatch === undefined && ifNoneMatch === undefined) {
    return ifModifiedSince === undefined && ifUnmodifiedSince === undefined ? options : { ...options };
  }
  const plain = {
    ...(ifMatch === undefined ? {} : { ifMatch: checkETag(site, "ifMatch", ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: checkETag(site, "ifNoneMatch", ifNoneMatch) }),
  };
  if (ifMatch !== undefined && !supported.ifMatch) throw unsupported(site, "ifMatch");
  if (ifNoneMatch !== undefined && !supported.ifNoneMatch) throw unsupported(site, "ifNoneMatch");
  return { ...options, ...plain };
}

export function unsupported(site: CallSite, option: string): Error {
  return refusal("Unsupported", site, `the service has no ${option} for this operation. Look at capabilities before`);
}
