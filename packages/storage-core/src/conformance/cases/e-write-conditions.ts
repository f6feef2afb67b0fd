import { conformanceCase } from "../define.ts";
import { bytesEqual, equal, notEqual, ok, rejectsWith, show } from "../check.ts";
import { chunked, streamOf, utf8 } from "../content.ts";
import { NO_ONES_ETAG } from "../etags.ts";
import { textOf } from "../objects.ts";
import { randomBytes } from "../random.ts";
import { absent, bytesOf, holds } from "../stored.ts";
import { isStorageError } from "../../errors/storage-error.ts";
import type { CaseContext, ConformanceCase, Need } from "../case.ts";
import type { MultipartUpload, PutResult } from "../../contract/provider.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** At least one of five simultaneous writers wins each time, so 250 attempts are enough; a service may turn some down. */
const MOST_ATTEMPTS = 1000;

const ANY_COPY_CONDITION: Need = {
  name: "a condition of conditionalCopy",
  in: ({ conditionalCopy }) => conditionalCopy.create || conditionalCopy.replace || conditionalCopy.source,
};

/** E01–E05, E09 and E10: conditions on writes are the service's own, so that of two racers exactly one wins. */
export const WRITE_CONDITION_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "E01",
    title: "put with ifNoneMatch * creates where nothing is, and fails with AlreadyExists where something is",
    level: "extended",
    needs: ["conditionalPut.create"],
    run: async (t) => {
      const key = t.key("object");
      const first = await t.provider.put(key, "first", { ifNoneMatch: "*", signal: t.signal });
      for (const body of ["second", streamOf([utf8("a "), utf8("stream")])]) {
        const put = t.provider.put(key, body, { ifNoneMatch: "*", signal: t.signal });
        const error = await rejectsWith("AlreadyExists", put, "the second create");
        equal(error.key, key, "key of the error");
      }
      await holds(t, key, utf8("first"), "the object after the refused creates");
      equal((await t.provider.head(key, { signal: t.signal })).etag, first.etag, "etag");
      await t.provider.delete(key, { signal: t.signal });
      await t.provider.put(key, "again", { ifNoneMatch: "*", signal: t.signal });
      await holds(t, key, utf8("again"), "the object created after its delete");
    },
    refusal: async (t) => {
      const put = t.provider.put(t.key("object"), "x", { ifNoneMatch: "*", signal: t.signal });
      await rejectsWith("Unsupported", put, "put with ifNoneMatch");
    },
  }),
  conformanceCase({
    id: "E02",
    title: "put with ifMatch replaces exactly that version; a stale or absent one fails and changes nothing",
    level: "extended",
    needs: ["conditionalPut.replace"],
    run: async (t) => {
      const { provider, signal } = t;
      const key = t.key("object");
      const first = await provider.put(key, "first", { signal });
      const second = await provider.put(key, "second", { ifMatch: first.etag, signal });
      notEqual(second.etag, first.etag, "etag of the replacement");
      const stale = provider.put(key, "third", { ifMatch: first.etag, signal });
      await rejectsWith("PreconditionFailed", stale, "put over a stale etag");
      await holds(t, key, utf8("second"), "the object after the refused put");
      const missing = provider.put(t.key("missing"), "x", { ifMatch: first.etag, signal });
      await rejectsWith(["PreconditionFailed", "NotFound"], missing, "put over a missing object");
      await absent(t, t.key("missing"), "after the refused put");
    },
    refusal: async (t) => {
      const put = t.provider.put(t.key("object"), "x", { ifMatch: NO_ONES_ETAG, signal: t.signal });
      await rejectsWith("Unsupported", put, "put with ifMatch");
    },
  }),
  conformanceCase({
    id: "E03",
    title: "five workers that add one ten times each by read and ifMatch end at 50",
    level: "extended",
    timeoutMs: 180_000,
    needs: ["conditionalPut.replace"],
    run: async (t) => {
      const { provider, signal } = t;
      const key = t.key("counter");
      await provider.put(key, "0", { signal });
      let attempts = 0;
      const increment = async (): Promise<boolean> => {
        attempts += 1;
        ok(attempts <= MOST_ATTEMPTS, `${MOST_ATTEMPTS} attempts did not make 50 increments`);
        const result = await provider.get(key, { signal });
        const next = Number(await result.text()) + 1;
        try {
          await provider.put(key, String(next), { ifMatch: result.info.etag, signal });
          return true;
        } catch (error) {
          if (isStorageError(error, "PreconditionFailed", "Conflict")) return false;
          throw error;
        }
      };
      const work = async (): Promise<void> => {
        for (let done = 0; done < 10;) if (await increment()) done += 1;
      };
      await Promise.all([work(), work(), work(), work(), work()]);
      equal(await textOf(t, key), "50", "the counter");
    },
  }),
  conformanceCase({
    id: "E04",
    title: "of ten concurrent creates exactly one wins, and its content stays",
    level: "extended",
    needs: ["conditionalPut.create"],
    run: async (t) => {
      const key = t.key("contested");
      const racers = Array.from({ length: 10 }, (_, index) => `racer ${index}`);
      const puts = await Promise.allSettled(
        racers.map((racer) => t.provider.put(key, racer, { ifNoneMatch: "*", signal: t.signal })),
      );
      const winners = racers.filter((_, index) => puts[index]?.status === "fulfilled");
      equal(winners.length, 1, "number of creates that succeeded");
      equal(await textOf(t, key), winners[0] ?? "", "content");
      for (const put of puts) {
        if (put.status === "fulfilled") continue;
        // S3 turns one of two simultaneous writers down with 409 before it knows who was first.
        ok(isStorageError(put.reason, "AlreadyExists", "Conflict"), `a loser failed with ${show(put.reason)}`);
      }
    },
  }),
  conformanceCase({
    id: "E05",
    title: "create-only and compare-and-swap hold for objects that are written in parts",
    level: "extended",
    timeoutMs: 180_000,
    needs: ["multipart", "conditionalMultipart.create"],
    run: async (t) => {
      const { provider, signal, capabilities } = t;
      const key = t.key("object");
      const created = await inOnePart(t, key, "created", { ifNoneMatch: "*" });
      await rejectsWith("AlreadyExists", inOnePart(t, key, "again", { ifNoneMatch: "*" }), "the second create");
      await holds(t, key, utf8("created"), "the object after the refused create");
      const { etag } = await provider.head(key, { signal });
      equal(created.etag, etag, "etag of complete");
      if (capabilities.conditionalMultipart.replace) {
        await inOnePart(t, key, "swapped", { ifMatch: etag });
        await rejectsWith("PreconditionFailed", inOnePart(t, key, "stale", { ifMatch: etag }), "the stale swap");
        await holds(t, key, utf8("swapped"), "the object after the stale swap");
      }
      await putInPartsRefused(t, key);
    },
    refusal: async (t) => {
      const upload = { key: t.key("object"), uploadId: "an-upload" };
      const parts = [{ partNumber: 1, etag: NO_ONES_ETAG }];
      const complete = t.provider.multipart.complete(upload, parts, { ifNoneMatch: "*", signal: t.signal });
      await rejectsWith("Unsupported", complete, "multipart.complete with ifNoneMatch");
    },
  }),
  conformanceCase({
    id: "E09",
    title: "delete with ifMatch deletes exactly that version, else fails and leaves it",
    level: "extended",
    needs: ["conditionalDelete"],
    run: async (t) => {
      const { provider, signal } = t;
      const key = t.key("object");
      const first = await provider.put(key, "first", { signal });
      const second = await provider.put(key, "second", { signal });
      const stale = provider.delete(key, { ifMatch: first.etag, signal });
      await rejectsWith("PreconditionFailed", stale, "delete of a stale etag");
      await holds(t, key, utf8("second"), "the object after the refused delete");
      await provider.delete(key, { ifMatch: second.etag, signal });
      await absent(t, key, "after the delete");
    },
    refusal: async (t) => {
      const call = t.provider.delete(t.key("object"), { ifMatch: NO_ONES_ETAG, signal: t.signal });
      await rejectsWith("Unsupported", call, "delete with ifMatch");
    },
  }),
  conformanceCase({
    id: "E10",
    title: "copy heeds conditions on its destination and its source; a stale source makes no destination",
    level: "extended",
    needs: [ANY_COPY_CONDITION],
    run: async (t) => {
      const { conditionalCopy } = t.capabilities;
      if (conditionalCopy.create) await copiesOnlyOnce(t);
      if (conditionalCopy.replace) await copiesOverThisVersion(t);
      if (conditionalCopy.source) await copiesThisSource(t);
    },
    refusal: async (t) => {
      const { provider, signal } = t;
      for (const condition of [
        { ifNoneMatch: "*" },
        { ifMatch: NO_ONES_ETAG },
        { sourceIfMatch: NO_ONES_ETAG },
      ] as const) {
        const copy = provider.copy(t.key("from"), t.key("to"), { ...condition, signal });
        await rejectsWith("Unsupported", copy, `copy with ${show(condition)}`);
      }
    },
  }),
];

async function copiesOnlyOnce(t: CaseContext): Promise<void> {
  const { provider, signal } = t;
  await provider.put(t.key("source"), "source", { signal });
  await provider.copy(t.key("source"), t.key("created"), { ifNoneMatch: "*", signal });
  equal(await textOf(t, t.key("created")), "source", "the created copy");
  await provider.put(t.key("taken"), "taken", { signal });
  const again = provider.copy(t.key("source"), t.key("taken"), { ifNoneMatch: "*", signal });
  await rejectsWith("AlreadyExists", again, "copy onto something");
  equal(await textOf(t, t.key("taken")), "taken", "the destination of the refused copy");
}

async function copiesOverThisVersion(t: CaseContext): Promise<void> {
  const { provider, signal } = t;
  await provider.put(t.key("new"), "new", { signal });
  const { etag } = await provider.put(t.key("old"), "old", { signal });
  await provider.copy(t.key("new"), t.key("old"), { ifMatch: etag, signal });
  equal(await textOf(t, t.key("old")), "new", "the destination");
  await provider.put(t.key("old"), "newest", { signal });
  const stale = provider.copy(t.key("new"), t.key("old"), { ifMatch: etag, signal });
  await rejectsWith("PreconditionFailed", stale, "copy over a stale etag");
  equal(await textOf(t, t.key("old")), "newest", "the destination of the refused copy");
}

async function copiesThisSource(t: CaseContext): Promise<void> {
  const { provider, signal } = t;
  const from = t.key("moving");
  const first = await provider.put(from, "one", { signal });
  await provider.copy(from, t.key("of-one"), { sourceIfMatch: first.etag, signal });
  equal(await textOf(t, t.key("of-one")), "one", "the copy");
  await provider.put(from, "two", { signal });
  const stale = provider.copy(from, t.key("of-two"), { sourceIfMatch: first.etag, signal });
  await rejectsWith("PreconditionFailed", stale, "copy of a stale source");
  await absent(t, t.key("of-two"), "after the refused copy");
}

/** An object written in a single part. The last part may be of any size, so this is as cheap as a put. */
async function inOnePart(
  t: CaseContext,
  key: string,
  text: string,
  condition: { readonly ifMatch?: string; readonly ifNoneMatch?: "*" },
): Promise<PutResult> {
  const { multipart } = t.provider;
  const upload: MultipartUpload = await multipart.create(key, { signal: t.signal });
  try {
    const part = await multipart.uploadPart(upload, 1, text, { signal: t.signal });
    return await multipart.complete(upload, [part], { ...condition, signal: t.signal });
  } catch (error) {
    await multipart.abort(upload, { signal: t.signal });
    throw error;
  }
}

/** A stream of unknown length that needs three parts of the smallest size, onto something that is there. */
async function putInPartsRefused(t: CaseContext, key: string): Promise<void> {
  const { multipart, conditionalPut } = t.capabilities;
  if (!conditionalPut.create || multipart === false || multipart.minPartBytes > 5 * MIB) return;
  const before = await bytesOf(t, key);
  const partSizeBytes = Math.max(multipart.minPartBytes, 64 * KIB);
  const bytes = randomBytes(t.random, partSizeBytes * 2 + 1);
  const put = t.provider.put(key, streamOf(chunked(bytes, 64 * KIB)), {
    ifNoneMatch: "*",
    partSizeBytes,
    signal: t.signal,
  });
  await rejectsWith("AlreadyExists", put, "put in parts onto something");
  bytesEqual(await bytesOf(t, key), before, "the object after the refused put");
  for await (const upload of t.provider.multipart.list({ prefix: key, signal: t.signal })) {
    ok(false, `the refused put left the upload ${upload.uploadId} open`);
  }
}
