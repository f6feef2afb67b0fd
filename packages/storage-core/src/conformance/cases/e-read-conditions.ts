import { conformanceCase } from "../define.ts";
import { equal, fail, notEqual, pause, rejectsWith, show } from "../check.ts";
import { NO_ONES_ETAG, quoted } from "../etags.ts";
import { textOf } from "../objects.ts";
import { sendsNothing } from "../sends-nothing.ts";
import { absent } from "../stored.ts";
import { isStorageError } from "../../errors/storage-error.ts";
import type { Capabilities, ReadConditions } from "../../contract/capabilities.ts";
import type { CaseContext, ConformanceCase, Need } from "../case.ts";
import type { ReadConditionOptions } from "../../contract/provider.ts";

type Reading = "get" | "head";

const CONTENT = "the content";

const ETAG_READS: Need = {
  name: "conditionalGet.ifMatch or .ifNoneMatch",
  in: ({ conditionalGet }) => conditionalGet.ifMatch || conditionalGet.ifNoneMatch,
};
const DATE_READS: Need = {
  name: "conditionalGet.ifModifiedSince or .ifUnmodifiedSince",
  in: ({ conditionalGet }) => conditionalGet.ifModifiedSince || conditionalGet.ifUnmodifiedSince,
};
const ANY_HEAD_CONDITION: Need = {
  name: "a condition of conditionalHead",
  in: ({ conditionalHead }) => Object.values(conditionalHead).some(Boolean),
};
const ANY_ETAG_CONDITION: Need = { name: "a condition on an etag", in: (c) => etagConditions(c).length > 0 };
const ANY_REFUSED_CONDITION: Need = {
  name: "a condition that is not supported",
  in: (c) => refusedConditions(c).length > 0,
};

/** E06–E08 and E11–E13: conditions on reads, what is not supported, how an etag may be written, and old versions. */
export const READ_CONDITION_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "E06",
    title: "get heeds ifMatch and ifNoneMatch",
    level: "extended",
    needs: [ETAG_READS],
    run: (t) => etagReads(t, "get"),
    refusal: (t) => refusesReads(t, "get", ["ifMatch", "ifNoneMatch"]),
  }),
  conformanceCase({
    id: "E07",
    title: "get heeds ifModifiedSince and ifUnmodifiedSince before, at and after the last change",
    level: "extended",
    needs: [DATE_READS],
    run: (t) => dateReads(t, "get"),
    refusal: (t) => refusesReads(t, "get", ["ifModifiedSince", "ifUnmodifiedSince"]),
  }),
  conformanceCase({
    id: "E08",
    title: "head heeds the same conditions as get",
    level: "extended",
    needs: [ANY_HEAD_CONDITION],
    run: async (t) => {
      await etagReads(t, "head");
      await dateReads(t, "head");
    },
    refusal: (t) => refusesReads(t, "head", ["ifMatch", "ifNoneMatch", "ifModifiedSince", "ifUnmodifiedSince"]),
  }),
  conformanceCase({
    id: "E11",
    title: "a condition that is not supported is refused before any request, and nothing is written",
    level: "core",
    needs: [ANY_REFUSED_CONDITION],
    run: async (t) => {
      const { etag } = await t.provider.put(t.key("object"), CONTENT, { signal: t.signal });
      await sendsNothing(t, async () => {
        for (const { name, use } of refusedConditions(t.capabilities)) {
          await rejectsWith("Unsupported", () => use(t, etag), name);
        }
      });
      equal(await textOf(t, t.key("object")), CONTENT, "the object after the refused calls");
      await absent(t, t.key("new"), "after the refused calls");
    },
  }),
  conformanceCase({
    id: "E12",
    title: "an etag means the same with and without quotes; a wildcard, a list and nothing are an InvalidArgument",
    level: "extended",
    needs: [ANY_ETAG_CONDITION],
    run: async (t) => {
      for (const { name, use, whenItHolds } of etagConditions(t.capabilities)) {
        const { etag } = await t.provider.put(t.key("object"), CONTENT, { signal: t.signal });
        const written = await outcome(() => use(t, quoted(etag)));
        equal(written, whenItHolds, `${name} with quotes`);
        const again = await t.provider.put(t.key("object"), CONTENT, { signal: t.signal });
        equal(await outcome(() => use(t, again.etag)), whenItHolds, `${name} without quotes`);
        await sendsNothing(t, async () => {
          for (const bad of ["*", "", '""', `${etag}, ${NO_ONES_ETAG}`, `"${etag}", "${NO_ONES_ETAG}"`, `${etag},*`]) {
            await rejectsWith("InvalidArgument", () => use(t, bad), `${name} ${show(bad)}`);
          }
        });
      }
    },
  }),
  conformanceCase({
    id: "E13",
    title: "an old version can be read and deleted by its id; one that is gone is NotFound",
    level: "extended",
    needs: ["versions"],
    run: async (t) => {
      const { provider, signal } = t;
      const key = t.key("object");
      const first = versionOf(t, key, await provider.put(key, "first", { signal }));
      const second = versionOf(t, key, await provider.put(key, "second one", { signal }));
      notEqual(first, second, "the id of the second version");
      equal(await (await provider.get(key, { version: first, signal })).text(), "first", "the old version");
      const head = await provider.head(key, { version: first, signal });
      equal([head.size, head.version], [5, first], "head of the old version");
      equal(await textOf(t, key), "second one", "the object without a version");
      await provider.delete(key, { version: first, signal });
      await rejectsWith("NotFound", provider.get(key, { version: first, signal }), "get of the deleted version");
      await rejectsWith("NotFound", provider.head(key, { version: first, signal }), "head of the deleted version");
      equal(await textOf(t, key), "second one", "the object after the delete of its old version");
    },
    refusal: async (t) => {
      const { provider, signal } = t;
      await rejectsWith("Unsupported", provider.get(t.key("object"), { version: "1", signal }), "get");
      await rejectsWith("Unsupported", provider.head(t.key("object"), { version: "1", signal }), "head");
      await rejectsWith("Unsupported", provider.delete(t.key("object"), { version: "1", signal }), "delete");
    },
  }),
];

/** What a call with a condition came to: `ok`, or the code of its error. */
async function outcome(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "ok";
  } catch (error) {
    return isStorageError(error) ? error.code : fail(`not a StorageError: ${show(error)}`, error);
  }
}

async function read(t: CaseContext, reading: Reading, options: ReadConditionOptions): Promise<unknown> {
  const key = t.key("object");
  if (reading === "head") return (await t.provider.head(key, { ...options, signal: t.signal })).size;
  return (await t.provider.get(key, { ...options, signal: t.signal })).text();
}

async function etagReads(t: CaseContext, reading: Reading): Promise<void> {
  const supported = conditionsOf(t.capabilities, reading);
  const old = await t.provider.put(t.key("object"), "something older", { signal: t.signal });
  const { etag } = await t.provider.put(t.key("object"), CONTENT, { signal: t.signal });
  const whole = reading === "head" ? CONTENT.length : CONTENT;
  if (supported.ifMatch) {
    equal(await read(t, reading, { ifMatch: etag }), whole, `${reading} with ifMatch that holds`);
    for (const stale of [old.etag, NO_ONES_ETAG]) {
      await rejectsWith(
        "PreconditionFailed",
        () => read(t, reading, { ifMatch: stale }),
        `${reading} with a stale ifMatch`,
      );
    }
  }
  if (supported.ifNoneMatch) {
    for (const stale of [old.etag, NO_ONES_ETAG]) {
      equal(await read(t, reading, { ifNoneMatch: stale }), whole, `${reading} with ifNoneMatch that holds`);
    }
    await rejectsWith(
      "NotModified",
      () => read(t, reading, { ifNoneMatch: etag }),
      `${reading} with ifNoneMatch of now`,
    );
  }
}

async function dateReads(t: CaseContext, reading: Reading): Promise<void> {
  const supported = conditionsOf(t.capabilities, reading);
  if (!supported.ifModifiedSince && !supported.ifUnmodifiedSince) return;
  await t.provider.put(t.key("object"), CONTENT, { signal: t.signal });
  const { lastModified } = await t.provider.head(t.key("object"), { signal: t.signal });
  // RFC 9110 §13.1.3 lets a server ignore a date in its future, so the later date has to be past by then.
  await pause(1100, t.signal);
  const at = (seconds: number) => new Date(lastModified.getTime() + seconds * 1000);
  const whole = reading === "head" ? CONTENT.length : CONTENT;
  if (supported.ifModifiedSince) {
    equal(await read(t, reading, { ifModifiedSince: at(-60) }), whole, `${reading}, modified since a minute before`);
    for (const seconds of [0, 1]) {
      const call = () => read(t, reading, { ifModifiedSince: at(seconds) });
      await rejectsWith("NotModified", call, `${reading}, modified since the last change and ${seconds} s`);
    }
  }
  if (supported.ifUnmodifiedSince) {
    for (const seconds of [0, 1]) {
      const call = read(t, reading, { ifUnmodifiedSince: at(seconds) });
      equal(await call, whole, `${reading}, unmodified since the last change and ${seconds} s`);
    }
    const call = () => read(t, reading, { ifUnmodifiedSince: at(-60) });
    await rejectsWith("PreconditionFailed", call, `${reading}, unmodified since a minute before`);
  }
}

async function refusesReads(
  t: CaseContext,
  reading: Reading,
  names: readonly (keyof ReadConditionOptions)[],
): Promise<void> {
  for (const name of names) {
    const value = name === "ifMatch" || name === "ifNoneMatch" ? NO_ONES_ETAG : new Date(0);
    await rejectsWith("Unsupported", () => read(t, reading, { [name]: value }), `${reading} with ${name}`);
  }
}

function conditionsOf(capabilities: Capabilities, reading: Reading): ReadConditions {
  return reading === "get" ? capabilities.conditionalGet : capabilities.conditionalHead;
}

interface Condition {
  readonly name: string;
  readonly has: (capabilities: Capabilities) => boolean;
  /** A call that has this condition on the etag. */
  readonly use: (t: CaseContext, etag: string) => Promise<unknown>;
  /** What the call comes to when the object has this etag. */
  readonly whenItHolds: string;
  readonly kind: "etag" | "other";
}

const CONDITIONS: readonly Condition[] = [
  {
    name: "get with ifMatch",
    has: (c) => c.conditionalGet.ifMatch,
    use: (t, etag) => read(t, "get", { ifMatch: etag }),
    whenItHolds: "ok",
    kind: "etag",
  },
  {
    name: "get with ifNoneMatch",
    has: (c) => c.conditionalGet.ifNoneMatch,
    use: (t, etag) => read(t, "get", { ifNoneMatch: etag }),
    whenItHolds: "NotModified",
    kind: "etag",
  },
  {
    name: "head with ifMatch",
    has: (c) => c.conditionalHead.ifMatch,
    use: (t, etag) => read(t, "head", { ifMatch: etag }),
    whenItHolds: "ok",
    kind: "etag",
  },
  {
    name: "head with ifNoneMatch",
    has: (c) => c.conditionalHead.ifNoneMatch,
    use: (t, etag) => read(t, "head", { ifNoneMatch: etag }),
    whenItHolds: "NotModified",
    kind: "etag",
  },
  {
    name: "put with ifMatch",
    has: (c) => c.conditionalPut.replace,
    use: (t, etag) => t.provider.put(t.key("object"), CONTENT, { ifMatch: etag, signal: t.signal }),
    whenItHolds: "ok",
    kind: "etag",
  },
  {
    name: "delete with ifMatch",
    has: (c) => c.conditionalDelete,
    use: (t, etag) => t.provider.delete(t.key("object"), { ifMatch: etag, signal: t.signal }),
    whenItHolds: "ok",
    kind: "etag",
  },
  {
    name: "copy with ifMatch",
    has: (c) => c.conditionalCopy.replace,
    use: (t, etag) =>
      t.provider.copy(t.key("object"), t.key("object"), { ifMatch: etag, replace: {}, signal: t.signal }),
    whenItHolds: "ok",
    kind: "etag",
  },
  {
    name: "copy with sourceIfMatch",
    has: (c) => c.conditionalCopy.source,
    use: (t, etag) => t.provider.copy(t.key("object"), t.key("copy"), { sourceIfMatch: etag, signal: t.signal }),
    whenItHolds: "ok",
    kind: "etag",
  },
  {
    name: "put with ifNoneMatch",
    has: (c) => c.conditionalPut.create,
    use: (t) => t.provider.put(t.key("new"), "x", { ifNoneMatch: "*", signal: t.signal }),
    whenItHolds: "ok",
    kind: "other",
  },
  {
    name: "copy with ifNoneMatch",
    has: (c) => c.conditionalCopy.create,
    use: (t) => t.provider.copy(t.key("object"), t.key("new"), { ifNoneMatch: "*", signal: t.signal }),
    whenItHolds: "ok",
    kind: "other",
  },
  ...(["get", "head"] as const).flatMap((reading) =>
    (["ifModifiedSince", "ifUnmodifiedSince"] as const).map((name): Condition => ({
      name: `${reading} with ${name}`,
      has: (c) => conditionsOf(c, reading)[name],
      use: (t) => read(t, reading, { [name]: new Date(0) }),
      whenItHolds: "ok",
      kind: "other",
    })),
  ),
];

function etagConditions(capabilities: Capabilities): readonly Condition[] {
  return CONDITIONS.filter(({ kind, has }) => kind === "etag" && has(capabilities));
}

function refusedConditions(capabilities: Capabilities): readonly Condition[] {
  return CONDITIONS.filter(({ has }) => !has(capabilities));
}

/** The id of a version that was just written; it is deleted after the case, since no listing would show it. */
function versionOf(t: CaseContext, key: string, { version }: { readonly version?: string | undefined }): string {
  if (version === undefined) return fail("versions are declared, but a put gave no version");
  t.afterwards(async () => {
    try {
      await t.provider.delete(key, { version });
    } catch (error) {
      if (!isStorageError(error, "NotFound")) throw error;
    }
  });
  return version;
}
