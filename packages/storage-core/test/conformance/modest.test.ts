import { conformanceTests } from "../../src/conformance/bind-vitest.ts";
import type { Capabilities } from "../../src/contract/capabilities.ts";
import { memoryHarness } from "./memory-harness.ts";

const NO_READ_CONDITIONS = { ifMatch: false, ifNoneMatch: false, ifModifiedSince: false, ifUnmodifiedSince: false };

/** As little as a service can offer and still be one, with keys as narrow as those of Supabase Storage. */
const MODEST: Partial<Capabilities> = {
  conditionalPut: { create: false, replace: false },
  conditionalMultipart: { create: false, replace: false },
  conditionalGet: NO_READ_CONDITIONS,
  conditionalHead: NO_READ_CONDITIONS,
  conditionalDelete: false,
  conditionalCopy: { create: false, replace: false, source: false },
  versions: false,
  range: { bounded: false, suffix: false },
  metadata: { maxBytes: 0, keyCharset: "[a-z]", values: "ascii" },
  systemHeaders: {
    contentType: false,
    cacheControl: false,
    contentDisposition: false,
    contentEncoding: false,
    contentLanguage: false,
  },
  checksums: { onPut: [], reported: [] },
  multipart: false,
  keys: {
    maxBytes: 700,
    maxSegmentBytes: 255,
    charset: "[A-Za-z0-9_/!.*'() &$@=;:+,?\\-]",
    dotSegments: false,
    leadingSlash: false,
    trailingSlash: false,
    doubleSlash: false,
    caseSensitive: true,
    unicodeForms: "distinct",
    objectBesideFolder: true,
    reserved: "(^|/)\\.bucketferry(/|$)",
  },
  list: { ordered: false, delimiter: false, startAfter: false, pageSize: 100 },
  deleteMany: { batch: 10 },
  presign: {
    get: false,
    put: false,
    post: false,
    head: false,
    delete: false,
    maxExpirySeconds: 3600,
    bindsLength: false,
    bindsType: false,
    responseOverrides: false,
    uploadExpiry: false,
  },
  publicUrl: false,
  readAfterWrite: false,
};

conformanceTests(() => memoryHarness({ name: "memory that can do little", capabilities: MODEST }), {
  title: "storage contract: memory that can do little",
});
