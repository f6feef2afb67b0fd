import { conformanceCase } from "../define.ts";
import { collect, equal, fail, ok, rejectsWith, show } from "../check.ts";
import { utf8 } from "../content.ts";
import { sameInfo, sameInstant } from "../object-info.ts";
import { sendsNothing } from "../sends-nothing.ts";
import { absent } from "../stored.ts";
import type { CaseContext, ConformanceCase, Need } from "../case.ts";
import type { Metadata, PutOptions } from "../../contract/provider.ts";
import { isStorageError } from "../../errors/storage-error.ts";

/** A limit that a test can fill without sending megabytes of headers. */
const SMALL_METADATA: Need = {
  name: "metadata.maxBytes of at most 64 KiB",
  in: ({ metadata }) => metadata.maxBytes > 0 && metadata.maxBytes <= 64 * 1024,
};

/** Clocks of services and clients may be this far apart before S3 itself refuses to talk (`RequestTimeTooSkewed`). */
const CLOCK_TOLERANCE_MS = 15 * 60 * 1000;

/** C06–C10 and C12–C15: user metadata, and what head, get and list say of an object. */
export const METADATA_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "C06",
    title: "user metadata comes back with lower-case names from head, get and copy",
    level: "core",
    needs: ["metadata"],
    run: async (t) => {
      const { provider, signal } = t;
      await provider.put(t.key("object"), "x", { metadata: { Color: "Red", SIZE: "42", plain: "a=b; c" }, signal });
      const expected = { color: "Red", size: "42", plain: "a=b; c" };
      await keepsMetadata(t, t.key("object"), expected);
      await provider.copy(t.key("object"), t.key("copy"), { signal });
      await keepsMetadata(t, t.key("copy"), expected);
      for (const name of ["with-dash", "with_underscore", "with.dot", "x-amz-meta-x", "content-type", "__proto__"]) {
        const metadata = Object.fromEntries([[name, "kept"]]);
        const key = t.key(`named-${name}`);
        if (nameFits(t, name)) {
          await provider.put(key, "x", { metadata, signal });
          await keepsMetadata(t, key, metadata);
        } else {
          await sendsNothing(t, () =>
            rejectsWith("InvalidArgument", provider.put(key, "x", { metadata, signal }), name),
          );
        }
      }
    },
    refusal: async (t) => {
      const put = t.provider.put(t.key("refused"), "x", { metadata: { color: "red" }, signal: t.signal });
      await rejectsWith(["Unsupported", "InvalidArgument"], put, "put with metadata");
    },
  }),
  conformanceCase({
    id: "C07",
    title: "metadata names that differ only in case are refused with InvalidArgument",
    level: "core",
    needs: ["metadata"],
    run: (t) => refusesMetadata(t, { Color: "red", color: "blue" }),
  }),
  conformanceCase({
    id: "C08",
    title: "an empty metadata name is refused, an empty value is kept",
    level: "core",
    needs: ["metadata"],
    run: async (t) => {
      await refusesMetadata(t, { "": "nameless" });
      await t.provider.put(t.key("object"), "x", { metadata: { blank: "", full: "1" }, signal: t.signal });
      await keepsMetadata(t, t.key("object"), { blank: "", full: "1" });
    },
  }),
  conformanceCase({
    id: "C09",
    title: "metadata values with spaces and beyond ASCII are kept or refused, never damaged",
    level: "extended",
    needs: ["metadata"],
    run: async (t) => {
      for (const [at, value] of TRICKY_VALUES.entries()) {
        const key = t.key(`value-${at}`);
        // oxlint-disable-next-line no-control-regex
        const ascii = /^[\x00-\x7f]*$/.test(value);
        const mustRefuse = !ascii && t.capabilities.metadata.values === "ascii";
        const mustKeep = !ascii && t.capabilities.metadata.values === "utf8";
        const put = t.provider.put(key, "x", { metadata: { tricky: value }, signal: t.signal });
        const refused = await put.then(
          () => false,
          (error: unknown) =>
            isStorageError(error, "InvalidArgument") || fail(`put of ${show(value)}: ${show(error)}`, error),
        );
        if (refused) {
          ok(!mustKeep, `values are declared as utf8, but ${show(value)} was refused`);
          await absent(t, key, `after the refused metadata ${show(value)}`);
        } else {
          ok(!mustRefuse, `values are declared as ascii, but ${show(value)} was taken`);
          await keepsMetadata(t, key, { tricky: value });
        }
      }
    },
  }),
  conformanceCase({
    id: "C10",
    title: "metadata may fill the limit to the last byte; one byte more is refused and creates nothing",
    level: "core",
    needs: [SMALL_METADATA],
    run: async (t) => {
      const { maxBytes } = t.capabilities.metadata;
      const filling = (bytes: number): Metadata => ({ fill: "v".repeat(bytes - "fill".length) });
      await t.provider.put(t.key("full"), "x", { metadata: filling(maxBytes), signal: t.signal });
      await keepsMetadata(t, t.key("full"), filling(maxBytes));
      for (const [name, bytes] of [
        ["one-over", maxBytes + 1],
        ["far-over", maxBytes * 3],
      ] as const) {
        const put = t.provider.put(t.key(name), "x", { metadata: filling(bytes), signal: t.signal });
        await rejectsWith(["InvalidArgument", "TooLarge"], put, `put with ${bytes} bytes of metadata`);
        await absent(t, t.key(name), `after the refused put of ${bytes} bytes of metadata`);
      }
    },
  }),
  conformanceCase({
    id: "C12",
    title: "head and get tell the same of an object, and a listing agrees in size, etag and date",
    level: "core",
    run: async (t) => {
      const { provider, capabilities, signal } = t;
      const metadata = capabilities.metadata.maxBytes > 0 ? { metadata: { color: "red" } } : {};
      const contentType = capabilities.systemHeaders.contentType ? { contentType: "text/x-told" } : {};
      for (const [name, body] of [
        ["full", utf8("twelve bytes")],
        ["empty", new Uint8Array(0)],
      ] as const) {
        const key = t.key(name);
        await provider.put(key, body, { ...metadata, ...contentType, signal });
        const head = await provider.head(key, { signal });
        const result = await provider.get(key, { signal });
        await result.cancel();
        sameInfo(result.info, head, `${name}, get beside head`);
        const [entry, ...others] = await collect(provider.list({ prefix: key, signal }));
        equal(others.length, 0, "further entries");
        if (entry?.type !== "object") return fail(`${name}: the listing does not hold it`);
        equal([entry.key, entry.size], [key, head.size], `${name}: key and size of the entry`);
        if (entry.etag !== undefined) equal(entry.etag, head.etag, `${name}: etag of the entry`);
        if (entry.lastModified !== undefined)
          sameInstant(entry.lastModified, head.lastModified, `${name}: entry beside head`);
        if (entry.contentType !== undefined) equal(entry.contentType, head.contentType, `${name}: content type`);
        if (entry.cacheControl !== undefined) equal(entry.cacheControl, head.cacheControl, `${name}: cache control`);
      }
    },
  }),
  conformanceCase({
    id: "C13",
    title: "lastModified is a valid date near now and does not go back after an overwrite",
    level: "core",
    run: async (t) => {
      const key = t.key("object");
      let before = 0;
      for (const content of ["first", "second"]) {
        await t.provider.put(key, content, { signal: t.signal });
        const { lastModified } = await t.provider.head(key, { signal: t.signal });
        ok(lastModified instanceof Date, `lastModified is ${show(lastModified)}, no Date`);
        const time = lastModified.getTime();
        ok(Number.isFinite(time), "lastModified is an invalid date");
        const apart = Math.abs(time - Date.now());
        ok(apart <= CLOCK_TOLERANCE_MS, `lastModified ${lastModified.toISOString()} is ${apart} ms from now`);
        ok(time >= before, `lastModified went back after the overwrite, to ${lastModified.toISOString()}`);
        before = time;
      }
    },
  }),
  conformanceCase({
    id: "C14",
    title: "etags come without quotes, a weak one with its W/ in front",
    level: "core",
    run: async (t) => {
      const { provider, signal } = t;
      const key = t.key("object");
      const put = await provider.put(key, "x", { signal });
      const head = await provider.head(key, { signal });
      const result = await provider.get(key, { signal });
      await result.cancel();
      const copy = await provider.copy(key, t.key("copy"), { signal });
      const entries = await collect(provider.list({ prefix: t.prefix, signal }));
      const etags = [put.etag, head.etag, result.info.etag, copy.etag];
      for (const entry of entries) if (entry.type === "object" && entry.etag !== undefined) etags.push(entry.etag);
      for (const etag of etags)
        ok(/^(?:W\/)?[^"]+$/.test(etag) && etag !== "W/", `the etag ${show(etag)} is not plain`);
      equal([put.etag, result.info.etag], [head.etag, head.etag], "etags of put and get beside head");
    },
  }),
  conformanceCase({
    id: "C15",
    title: "an option that the contract does not know is ignored and never sent",
    level: "core",
    run: async (t) => {
      const { provider, harness, signal } = t;
      const key = t.key("object");
      const marker = "unknown-option-marker";
      const unknown = { shade: marker, headers: { "x-marker": marker }, "x-amz-meta-shade": marker, acl: marker };
      // A PutOptions to the compiler, which only looks at what it knows when the object is not written out in place.
      const options: PutOptions & Record<string, unknown> = { ...unknown, signal };
      await provider.put(key, "content", options);
      await provider.head(key, options);
      await (await provider.get(key, options)).cancel();
      await provider.copy(key, t.key("copy"), options);
      for (const name of ["object", "copy"]) {
        const info = await provider.head(t.key(name), { signal });
        equal(info.metadata, {}, `metadata of the ${name}`);
        ok(!JSON.stringify(info).includes(marker), `the unknown option came back with ${name}: ${show(info)}`);
      }
      for (const request of harness.faults?.seen() ?? []) {
        ok(!JSON.stringify(request).includes(marker), `the unknown option was sent: ${request.method} ${request.path}`);
      }
    },
  }),
];

const TRICKY_VALUES = [
  "two  spaces   and more",
  " leading",
  "trailing ",
  "tab\tinside",
  "Grüße",
  "世界 🎉",
  "é and e\u0301",
  "=?utf-8?q?not_encoded?=",
  "100%25 + 1%zz",
  'quotes "and" \\backslashes\\',
  "comma, semicolon; equals=",
];

async function keepsMetadata(t: CaseContext, key: string, expected: Metadata): Promise<void> {
  equal((await t.provider.head(key, { signal: t.signal })).metadata, expected, "metadata of head");
  const result = await t.provider.get(key, { signal: t.signal });
  await result.cancel();
  equal(result.info.metadata, expected, "metadata of get");
}

async function refusesMetadata(t: CaseContext, metadata: Metadata): Promise<void> {
  const key = t.key("refused");
  const { provider, signal } = t;
  await sendsNothing(t, async () => {
    await rejectsWith("InvalidArgument", provider.put(key, "x", { metadata, signal }), "put");
    await rejectsWith("InvalidArgument", provider.copy(key, t.key("copy"), { replace: { metadata }, signal }), "copy");
    if (t.capabilities.multipart === false) return;
    await rejectsWith("InvalidArgument", provider.multipart.create(key, { metadata, signal }), "multipart.create");
  });
  await absent(t, key, "after the refused metadata");
}

function nameFits(t: CaseContext, name: string): boolean {
  return new RegExp(`^(?:${t.capabilities.metadata.keyCharset})*$`, "u").test(name);
}
