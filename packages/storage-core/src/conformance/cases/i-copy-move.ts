import type { CopyOptions, StorageProvider } from "../../contract/provider.ts";
import { isStorageError, StorageError } from "../../errors/storage-error.ts";
import { around } from "../../layers/around.ts";
import { moveObject } from "../../storage/move-object.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { bytesEqual, equal, namesKey, notEqual, ok, rejects, rejectsWith, show } from "../check.ts";
import { allByteValues } from "../content.ts";
import { conformanceCase } from "../define.ts";
import { description, descriptionOf } from "../described.ts";
import { allowedKeys, forEachAtOnce, seed, textOf, weirdKeys } from "../objects.ts";
import { randomBytes } from "../random.ts";

const MIB = 1024 * 1024;

/** What a copy in parts may cost in a test. */
const LARGEST_TESTED_COPY = 64 * MIB;

export const COPY_AND_MOVE_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "I01",
    title: "copy keeps bytes, content type, headers and metadata",
    level: "core",
    async run(t) {
      const [from, to] = [t.key("from.bin"), t.key("deep/er/to.bin")];
      const stored = description(t.capabilities, "first");
      await t.provider.put(from, allByteValues(), { ...stored, signal: t.signal });
      const result = await copy(t, from, to);
      equal(result.key, to, "key of the result");
      const object = await t.provider.get(to, { signal: t.signal });
      bytesEqual(await object.bytes(), allByteValues(), "content of the copy");
      const info = await t.provider.head(to, { signal: t.signal });
      equal(descriptionOf(info, stored), stored, "headers and metadata of the copy");
      equal(result.etag, info.etag, "etag of the result, against a following head");
      equal(result.size, info.size, "size of the result, against a following head");
      ok(await t.provider.exists(from, { signal: t.signal }), "the source is gone after a copy");
    },
  }),

  conformanceCase({
    id: "I02",
    title: "copy with other headers and metadata replaces all of them and merges nothing",
    level: "core",
    async run(t) {
      const [from, to] = [t.key("from.txt"), t.key("to.txt")];
      const second = description(t.capabilities, "second");
      await t.provider.put(from, "body", { ...description(t.capabilities, "first"), signal: t.signal });
      await copy(t, from, to, { replace: second });
      equal(descriptionOf(await t.provider.head(to, { signal: t.signal }), second), second, "description of the copy");
      equal(await textOf(t, to), "body", "content of the copy");

      const type = t.capabilities.systemHeaders.contentType ? "text/css" : undefined;
      await copy(t, from, to, { replace: { contentType: type } });
      const bare = await t.provider.head(to, { signal: t.signal });
      equal(bare.contentType, type ?? t.capabilities.defaultContentType, "content type, alone replaced");
      equal(bare.metadata, {}, "metadata after a replacement without any");
      notEqual(bare.cacheControl ?? "", "max-age=60", "cache control after a replacement without one");
      notEqual(bare.cacheControl ?? "", "max-age=3600", "cache control after a replacement without one");
    },
  }),

  conformanceCase({
    id: "I03",
    title: "copy onto an existing key overwrites its bytes, headers and metadata",
    level: "core",
    async run(t) {
      const [from, to] = [t.key("from.txt"), t.key("to.txt")];
      const first = description(t.capabilities, "first");
      await t.provider.put(from, "new", { ...first, signal: t.signal });
      await t.provider.put(to, "an old and longer body", {
        ...description(t.capabilities, "second"),
        signal: t.signal,
      });
      await copy(t, from, to);
      equal(await textOf(t, to), "new", "content of the destination");
      equal(descriptionOf(await t.provider.head(to, { signal: t.signal }), first), first, "its headers and metadata");
    },
  }),

  conformanceCase({
    id: "I04",
    title: "copy of a missing key fails with NotFound, names the source and leaves the destination alone",
    level: "core",
    async run(t) {
      const [missing, present, absent] = [t.key("missing.txt"), t.key("present.txt"), t.key("absent.txt")];
      await t.provider.put(present, "old", { signal: t.signal });
      namesKey(await rejectsWith("NotFound", () => copy(t, missing, present), "copy onto an object"), missing);
      namesKey(await rejectsWith("NotFound", () => copy(t, missing, absent), "copy onto nothing"), missing);
      equal(await textOf(t, present), "old", "content of the destination");
      equal(await t.provider.exists(absent, { signal: t.signal }), false, "exists of the other destination");
    },
  }),

  conformanceCase({
    id: "I05",
    title: "copy of an object onto itself keeps its bytes, and can give it other headers and metadata",
    level: "core",
    async run(t) {
      const key = t.key("self.txt");
      const [first, second] = [description(t.capabilities, "first"), description(t.capabilities, "second")];
      await t.provider.put(key, "unchanged", { ...first, signal: t.signal });
      await copy(t, key, key);
      equal(await textOf(t, key), "unchanged", "content after a plain copy onto itself");
      equal(descriptionOf(await t.provider.head(key, { signal: t.signal }), first), first, "its description");
      await copy(t, key, key, { replace: second });
      equal(await textOf(t, key), "unchanged", "content after a copy onto itself with another description");
      equal(descriptionOf(await t.provider.head(key, { signal: t.signal }), second), second, "the new description");
    },
  }),

  conformanceCase({
    id: "I06",
    title: "a copy is an object of its own: changing or deleting either leaves the other as it is",
    level: "core",
    async run(t) {
      const [from, to] = [t.key("from.txt"), t.key("to.txt")];
      await t.provider.put(from, "first", { signal: t.signal });
      await copy(t, from, to);
      await t.provider.put(from, "changed", { signal: t.signal });
      equal(await textOf(t, to), "first", "the copy after a change of the source");
      await t.provider.put(to, "changed copy", { signal: t.signal });
      equal(await textOf(t, from), "changed", "the source after a change of the copy");
      await t.provider.delete(from, { signal: t.signal });
      equal(await textOf(t, to), "changed copy", "the copy after the source was deleted");
    },
  }),

  conformanceCase({
    id: "I07",
    title: "an empty object can be copied",
    level: "core",
    async run(t) {
      const [from, to] = [t.key("empty"), t.key("empty-copy")];
      await t.provider.put(from, "", { signal: t.signal });
      const result = await copy(t, from, to);
      equal(result.size, 0, "size of the result");
      const object = await t.provider.get(to, { signal: t.signal });
      equal(object.info.size, 0, "size of the copy");
      equal((await object.bytes()).length, 0, "bytes of the copy");
    },
  }),

  conformanceCase({
    id: "I08",
    title: "weird keys are copied from and to exactly",
    level: "core",
    async run(t) {
      // What each key would become if the copy source were decoded once too often, or `+` taken for a space.
      const decoys = allowedKeys(t, ["a b.txt", "a c.txt", "a/d.txt", "a%e.txt", "q"]);
      const weird = weirdKeys(t).filter((key) => !decoys.includes(key));
      await seed(t, [...decoys, ...weird]);
      const away = (key: string) => t.key(`away/${weird.indexOf(key)}`);
      await forEachAtOnce(weird, (key) => copy(t, key, away(key)));
      await forEachAtOnce(weird, async (key) => {
        equal(await textOf(t, away(key)), key, `copy from ${JSON.stringify(key)}`);
        await t.provider.delete(key, { signal: t.signal });
      });
      await forEachAtOnce(weird, (key) => copy(t, away(key), key));
      await forEachAtOnce([...weird, ...decoys], async (key) => {
        equal(await textOf(t, key), key, `content of ${JSON.stringify(key)}`);
      });
    },
  }),

  conformanceCase({
    id: "I09",
    title: "an object above the limit of one copy request is copied whole",
    level: "stress",
    timeoutMs: 180_000,
    async run(t) {
      const [from, to] = [t.key("large.bin"), t.key("large-copy.bin")];
      const bytes = randomBytes(t.random, largestCopyInOnePiece(t) + MIB + 1);
      const stored = description(t.capabilities, "first");
      await t.provider.put(from, bytes, { ...stored, signal: t.signal });
      await copy(t, from, to);
      const object = await t.provider.get(to, { signal: t.signal });
      bytesEqual(await object.bytes(), bytes, "content of the copy");
      equal(descriptionOf(object.info, stored), stored, "headers and metadata of the copy");
    },
  }),

  conformanceCase({
    id: "I10",
    title: "a source that changes during a copy in parts gives an error, or one of its versions, never a mix",
    level: "stress",
    timeoutMs: 180_000,
    async run(t) {
      const [from, to] = [t.key("changing.bin"), t.key("copy.bin")];
      const size = largestCopyInOnePiece(t) + MIB;
      const [older, newer] = [randomBytes(t.random, size), randomBytes(t.random, size)];
      await t.provider.put(from, older, { signal: t.signal });
      // Behind the proxy every part waits, so the change falls between two of them; without it, it falls where it falls.
      t.harness.faults?.inject({ match: { query: "partNumber=" }, times: Infinity, fault: { kind: "delay", ms: 200 } });
      const copying = copy(t, from, to).then(
        () => undefined,
        (error: unknown) => error,
      );
      await t.provider.put(from, newer, { signal: t.signal });
      const error = await copying;
      if (error !== undefined) {
        ok(isStorageError(error, "PreconditionFailed", "Conflict"), `the copy failed otherwise: ${show(error)}`);
        equal(await t.provider.exists(to, { signal: t.signal }), false, "exists of the destination of a failed copy");
        return;
      }
      const bytes = await (await t.provider.get(to, { signal: t.signal })).bytes();
      const beginsLike = bytes.subarray(0, 16).join() === older.subarray(0, 16).join() ? older : newer;
      bytesEqual(bytes, beginsLike, "content of the copy, against the version it begins like");
    },
  }),

  conformanceCase({
    id: "I11",
    title: "an answer of 200 that holds an error instead of a result is an error",
    level: "core",
    needs: ["remote"],
    asks: ["faults"],
    async run(t) {
      const { faults } = t.harness;
      const [from, to] = [t.key("from.txt"), t.key("to.txt")];
      await t.provider.put(from, "body", { signal: t.signal });
      // S3 sends the status line of a copy before it has copied: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
      const body = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>try again</Message></Error>';
      for (const method of ["PUT", "POST"]) {
        faults?.inject({
          match: { method },
          times: Infinity,
          fault: { kind: "rewrite", status: 200, headers: { "content-type": "application/xml" }, body },
        });
      }
      const error = await rejects(() => copy(t, from, to), "copy");
      ok(isStorageError(error), `the copy failed with something else than a StorageError: ${show(error)}`);
    },
  }),

  conformanceCase({
    id: "I12",
    title: "a move leaves the destination only; one whose delete fails leaves both and says so",
    level: "core",
    async run(t) {
      const [from, to, other] = [t.key("from.txt"), t.key("to.txt"), t.key("other.txt")];
      const stored = description(t.capabilities, "first");
      await t.provider.put(from, "moved", { ...stored, signal: t.signal });
      const result = await moveObject(t.provider, from, to, { signal: t.signal });
      equal([result.key, result.size], [to, 5], "key and size of the result");
      equal(await textOf(t, to), "moved", "content of the destination");
      equal(descriptionOf(await t.provider.head(to, { signal: t.signal }), stored), stored, "its headers and metadata");
      equal(await t.provider.exists(from, { signal: t.signal }), false, "exists of the source");
      await rejectsWith("NotFound", () => moveObject(t.provider, from, other, { signal: t.signal }), "a second move");

      const keeper = withoutDelete(t.provider);
      const error = await rejectsWith("Unavailable", () => moveObject(keeper, to, other, { signal: t.signal }), "move");
      equal(error.applied, true, "applied of a move that copied and could not delete");
      ok(error.message.includes(other), `the message does not say where the copy is: ${error.message}`);
      equal([await textOf(t, to), await textOf(t, other)], ["moved", "moved"], "both objects after the failed move");
    },
  }),

  conformanceCase({
    id: "I13",
    title: "a move onto itself does not delete the object",
    level: "core",
    async run(t) {
      const key = t.key("self.txt");
      await t.provider.put(key, "stays", { signal: t.signal });
      const result = await moveObject(t.provider, key, key, { signal: t.signal });
      equal(result.key, key, "key of the result");
      equal(await textOf(t, key), "stays", "content after a move onto itself");
    },
  }),

  conformanceCase({
    id: "I14",
    title: "copy takes its source from the bucket that it names, and leaves the destination alone when there is none",
    level: "extended",
    needs: ["serverSideCopy.crossBucket"],
    async run(t) {
      const [from, to] = [t.key("from.txt"), t.key("to.txt")];
      await t.provider.put(from, "of this bucket", { signal: t.signal });
      await t.provider.put(to, "old", { signal: t.signal });
      const nowhere = `${t.provider.bucket}-has-no-such-neighbour`.slice(-60).replace(/^[^a-z0-9]+/, "");
      const error = await rejects(() => copy(t, from, to, { fromBucket: nowhere }), "copy from a bucket that is not");
      ok(
        isStorageError(error, "BucketNotFound", "NotFound", "PermissionDenied"),
        `the copy failed otherwise: ${show(error)}`,
      );
      equal(await textOf(t, to), "old", "content of the destination");
    },
    async refusal(t) {
      const copying = copy(t, t.key("from.txt"), t.key("to.txt"), { fromBucket: "another" });
      await rejectsWith("Unsupported", copying, "copy from another bucket");
    },
  }),
];

async function copy(t: CaseContext, from: string, to: string, options: CopyOptions = {}) {
  return t.provider.copy(from, to, { ...options, signal: t.signal });
}

/** Services copy up to 5 GiB in one piece, so only a harness that has made its provider's limit small can ask for more. */
function largestCopyInOnePiece(t: CaseContext): number {
  const limit = t.harness.copyInPartsAboveBytes;
  if (limit !== undefined && limit <= LARGEST_TESTED_COPY) return limit;
  return t.skip("the harness names no size (copyInPartsAboveBytes) above which its provider copies in parts");
}

/** The provider, but that it never deletes. */
function withoutDelete(provider: StorageProvider): StorageProvider {
  const layer = around(() => ({
    call: async (call, next) => {
      if (call.operation === "delete") throw new StorageError("Unavailable", "the delete was made to fail");
      return next();
    },
  }));
  return layer(provider);
}
