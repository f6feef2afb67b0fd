import type { Capabilities } from "../contract/capabilities.ts";
import type { Metadata, ObjectInfo, SystemHeaders } from "../contract/provider.ts";

/** What is stored with an object beside its bytes. */
export type Description = SystemHeaders & { readonly metadata: Metadata };

/** One of two descriptions that differ in every point, cut down to what the provider keeps. */
export function description(capabilities: Capabilities, which: "first" | "second"): Description {
  const first = which === "first";
  const { systemHeaders, metadata } = capabilities;
  const headers: SystemHeaders = {
    contentType: first ? "text/plain" : "image/png",
    cacheControl: first ? "max-age=60" : "max-age=3600",
    contentDisposition: first ? 'attachment; filename="first.txt"' : "inline",
    contentLanguage: first ? "de" : "en",
  };
  const kept = Object.entries(headers).filter(([name]) => systemHeaders[name as keyof SystemHeaders]);
  const words: Metadata = first ? { owner: "first", "only-first": "1" } : { owner: "second", "only-second": "2" };
  return { ...Object.fromEntries(kept), metadata: metadata.maxBytes > 0 ? words : {} };
}

/** The same points of an object's info; a header that is not set is absent. */
export function descriptionOf(info: ObjectInfo, like: Description): Description {
  const names = Object.keys(like) as (keyof Description)[];
  return { ...Object.fromEntries(names.map((name) => [name, info[name]])), metadata: info.metadata };
}
