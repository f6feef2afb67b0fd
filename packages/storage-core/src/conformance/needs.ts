import type { Capabilities } from "../contract/capabilities.ts";
import type { Need } from "./case.ts";

type Test = (capabilities: Capabilities) => boolean;

/** What a case can need, under the path of the capability that decides it. */
const TESTS = {
  "conditionalPut.create": (c) => c.conditionalPut.create,
  "conditionalPut.replace": (c) => c.conditionalPut.replace,
  "conditionalMultipart.create": (c) => c.conditionalMultipart.create,
  "conditionalMultipart.replace": (c) => c.conditionalMultipart.replace,
  "conditionalGet.ifMatch": (c) => c.conditionalGet.ifMatch,
  "conditionalGet.ifNoneMatch": (c) => c.conditionalGet.ifNoneMatch,
  "conditionalGet.ifModifiedSince": (c) => c.conditionalGet.ifModifiedSince,
  "conditionalGet.ifUnmodifiedSince": (c) => c.conditionalGet.ifUnmodifiedSince,
  "conditionalHead.ifMatch": (c) => c.conditionalHead.ifMatch,
  "conditionalHead.ifNoneMatch": (c) => c.conditionalHead.ifNoneMatch,
  "conditionalHead.ifModifiedSince": (c) => c.conditionalHead.ifModifiedSince,
  "conditionalHead.ifUnmodifiedSince": (c) => c.conditionalHead.ifUnmodifiedSince,
  conditionalDelete: (c) => c.conditionalDelete,
  "conditionalCopy.create": (c) => c.conditionalCopy.create,
  "conditionalCopy.replace": (c) => c.conditionalCopy.replace,
  "conditionalCopy.source": (c) => c.conditionalCopy.source,
  "serverSideCopy.crossBucket": (c) => c.serverSideCopy.crossBucket,
  versions: (c) => c.versions,
  "range.bounded": (c) => c.range.bounded,
  "range.suffix": (c) => c.range.suffix,
  metadata: (c) => c.metadata.maxBytes > 0,
  "systemHeaders.contentType": (c) => c.systemHeaders.contentType,
  "systemHeaders.cacheControl": (c) => c.systemHeaders.cacheControl,
  "systemHeaders.contentDisposition": (c) => c.systemHeaders.contentDisposition,
  "systemHeaders.contentEncoding": (c) => c.systemHeaders.contentEncoding,
  "systemHeaders.contentLanguage": (c) => c.systemHeaders.contentLanguage,
  "checksums.onPut": (c) => c.checksums.onPut.length > 0,
  "checksums.reported": (c) => c.checksums.reported.length > 0,
  multipart: (c) => c.multipart !== false,
  "multipart.gaps": (c) => c.multipart !== false && c.multipart.gaps,
  "keys.caseSensitive": (c) => c.keys.caseSensitive,
  "keys.objectBesideFolder": (c) => c.keys.objectBesideFolder,
  "list.ordered": (c) => c.list.ordered,
  "list.delimiter": (c) => c.list.delimiter !== false,
  "list.delimiter any": (c) => c.list.delimiter === "any",
  "list.startAfter": (c) => c.list.startAfter,
  "presign.get": (c) => c.presign.get,
  "presign.put": (c) => c.presign.put,
  "presign.post": (c) => c.presign.post,
  "presign.head": (c) => c.presign.head,
  "presign.delete": (c) => c.presign.delete,
  "presign.bindsLength": (c) => c.presign.bindsLength,
  "presign.bindsType": (c) => c.presign.bindsType,
  "presign.responseOverrides": (c) => c.presign.responseOverrides,
  "presign.uploadExpiry": (c) => c.presign.uploadExpiry,
  publicUrl: (c) => c.publicUrl,
  readAfterWrite: (c) => c.readAfterWrite,
  remote: (c) => c.remote,
  credentials: (c) => c.credentials,
  "not transformsBody": (c) => !c.transformsBody,
} as const satisfies Readonly<Record<string, Test>>;

export type NeedName = keyof typeof TESTS;

export function need(name: NeedName): Need {
  return { name, in: TESTS[name] };
}

/** The names of the needs that the provider does not meet. */
export function missingNeeds(needs: readonly Need[], capabilities: Capabilities): readonly string[] {
  return needs.filter((one) => !one.in(capabilities)).map((one) => one.name);
}
