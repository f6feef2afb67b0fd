import type { DeleteOutcome } from "../../contract/provider.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { collect, equal, namesKey, ok, rejects, rejectsWith } from "../check.ts";
import { conformanceCase } from "../define.ts";
import { allowedKeys, listedKeys, numbered, seed, weirdKeys } from "../objects.ts";

/** What a service says that cannot be reached, or that answers nothing but 503. */
const OUT_OF_REACH = ["Unavailable", "Timeout", "RateLimited"] as const;

export const HEAD_EXISTS_DELETE_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "G01",
    title: "head of a missing key fails with NotFound and names the key",
    level: "core",
    async run(t) {
      const missing = t.key("missing.txt");
      namesKey(await rejectsWith("NotFound", t.provider.head(missing, { signal: t.signal }), "head"), missing);
    },
  }),

  conformanceCase({
    id: "G02",
    title: "exists says true for an object and false for a key that was never written",
    level: "core",
    async run(t) {
      const key = t.key("there.txt");
      await t.provider.put(key, "", { signal: t.signal });
      equal(await t.provider.exists(key, { signal: t.signal }), true, "exists of an (empty) object");
      equal(await t.provider.exists(`${key}.bak`, { signal: t.signal }), false, "exists of a longer key");
      equal(await t.provider.exists(t.key("there"), { signal: t.signal }), false, "exists of a shorter key");
    },
  }),

  conformanceCase({
    id: "G03",
    title: "exists rejects with PermissionDenied when the credentials may not look, instead of saying false",
    level: "core",
    asks: ["variant:forbidden"],
    async run(t) {
      const key = t.key("hidden.txt");
      await t.provider.put(key, "hidden", { signal: t.signal });
      const forbidden = await t.createVariant("forbidden");
      await rejectsWith("PermissionDenied", forbidden.exists(key, { signal: t.signal }), "exists");
    },
  }),

  conformanceCase({
    id: "G04",
    title: "exists rejects while the service is down, instead of saying false",
    level: "core",
    asks: ["variant:outage"],
    async run(t) {
      const down = await t.createVariant("outage");
      const error = await rejectsWith(OUT_OF_REACH, down.exists(t.key("any.txt"), { signal: t.signal }), "exists");
      ok(error.persistence !== "permanent", `an outage is over some day, but the error says ${error.persistence}`);
    },
  }),

  conformanceCase({
    id: "G05",
    title: "an answer that leaves open whether a key is missing is no NotFound",
    level: "core",
    asks: ["variant:forbidden"],
    async run(t) {
      // S3 answers 403, not 404, for a missing key when the caller may not list: nobody can tell which one it is.
      const missing = t.key("missing.txt");
      const forbidden = await t.createVariant("forbidden");
      await rejectsWith("PermissionDenied", forbidden.exists(missing, { signal: t.signal }), "exists of a missing key");
      await rejectsWith("PermissionDenied", forbidden.head(missing, { signal: t.signal }), "head of a missing key");

      const { faults } = t.harness;
      if (faults === undefined) return;
      for (const status of [400, 403]) {
        faults.clear();
        faults.inject({ match: { path: "missing.txt" }, times: Infinity, fault: { kind: "answer", status } });
        const error = await rejects(
          t.provider.exists(missing, { signal: t.signal }),
          `exists after an empty ${status}`,
        );
        ok(
          !(error instanceof Error && "code" in error && error.code === "NotFound"),
          `an empty ${status} is no NotFound`,
        );
      }
    },
  }),

  conformanceCase({
    id: "G06",
    title: "a missing bucket is BucketNotFound for every operation, and exists does not call it a missing key",
    level: "core",
    asks: ["variant:missingBucket"],
    async run(t) {
      const nowhere = await t.createVariant("missingBucket");
      const key = t.key("a.txt");
      const { signal } = t;
      await rejectsWith("BucketNotFound", nowhere.put(key, "a", { signal }), "put");
      await rejectsWith("BucketNotFound", nowhere.get(key, { signal }), "get");
      await rejectsWith("BucketNotFound", nowhere.head(key, { signal }), "head");
      await rejectsWith("BucketNotFound", nowhere.exists(key, { signal }), "exists");
      await rejectsWith("BucketNotFound", nowhere.delete(key, { signal }), "delete");
      await rejectsWith("BucketNotFound", nowhere.listPage({ prefix: t.prefix, signal }), "listPage");
      await rejectsWith("BucketNotFound", collect(nowhere.list({ prefix: t.prefix, signal })), "list");
    },
  }),

  conformanceCase({
    id: "G07",
    title: "after delete, get, head, exists and list know the key no longer, and its neighbours are untouched",
    level: "core",
    needs: ["readAfterWrite"],
    async run(t) {
      const key = t.key("gone.txt");
      const neighbour = t.key("gone.txt2");
      await seed(t, [key, neighbour]);
      await t.provider.delete(key, { signal: t.signal });
      await rejectsWith("NotFound", t.provider.get(key, { signal: t.signal }), "get after delete");
      await rejectsWith("NotFound", t.provider.head(key, { signal: t.signal }), "head after delete");
      equal(await t.provider.exists(key, { signal: t.signal }), false, "exists after delete");
      equal(await listedKeys(t), [neighbour], "list after delete");
    },
  }),

  conformanceCase({
    id: "G08",
    title: "delete of a missing key resolves, and so does a second delete",
    level: "core",
    async run(t) {
      const key = t.key("twice.txt");
      await t.provider.delete(key, { signal: t.signal });
      await t.provider.put(key, "x", { signal: t.signal });
      await t.provider.delete(key, { signal: t.signal });
      await t.provider.delete(key, { signal: t.signal });
      equal(await t.provider.exists(key, { signal: t.signal }), false, "exists after two deletes");
    },
  }),

  conformanceCase({
    id: "G09",
    title: "delete of a name that is only a prefix deletes nothing below it",
    level: "core",
    async run(t) {
      const below = [t.key("folder/a"), t.key("folder/b/c")];
      await seed(t, below);
      const names = allowedKeys(t, ["folder", "folder/", "folder/b", "fold"]);
      for (const name of names) await t.provider.delete(name, { signal: t.signal });
      await reported(t, names);
      equal(await listedKeys(t), below, "objects below the deleted names");
    },
  }),

  conformanceCase({
    id: "G10",
    title: "deleteMany takes 0, 1, 1000 and 1001 keys and reports every key once",
    level: "core",
    async run(t) {
      equal(await reported(t, []), [], "outcomes of no key");
      for (const count of [1, 1000, 1001]) {
        const keys = numbered(t, count);
        // Deleting what is not there succeeds, so a few objects at the seams of the batches are enough.
        const stored = [...new Set([0, 1, 999, 1000].flatMap((index) => keys[index] ?? []))];
        await seed(t, stored);
        const outcomes = await reported(t, keys);
        equal(outcomes.map((outcome) => outcome.key).toSorted(), keys, `keys reported of ${count}`);
        equal(
          outcomes.filter((outcome) => outcome.error !== undefined),
          [],
          `failures among ${count} keys`,
        );
        equal(await listedKeys(t), [], `objects left after deleting ${count} keys`);
      }
    },
  }),

  conformanceCase({
    id: "G11",
    title: "deleteMany goes on past missing and invalid keys, and says which ones it refused",
    level: "core",
    async run(t) {
      const [first, second] = [t.key("first"), t.key("second")];
      const missing = t.key("missing");
      const tooLong = t.key("x".repeat(t.capabilities.keys.maxBytes));
      await seed(t, [first, second]);
      const outcomes = await reported(t, [first, "", missing, tooLong, second]);
      const codeOf = new Map(outcomes.map((outcome) => [outcome.key, outcome.error?.code]));
      equal(outcomes.length, 5, "number of outcomes");
      equal(codeOf.get(""), "InvalidKey", "outcome of the empty key");
      equal(codeOf.get(tooLong), "InvalidKey", "outcome of the key that is too long");
      for (const key of [first, missing, second]) {
        ok(codeOf.has(key), `no outcome for ${key}`);
        equal(codeOf.get(key), undefined, `outcome of ${key}`);
      }
      equal(await listedKeys(t), [], "objects left");
    },
  }),

  conformanceCase({
    id: "G12",
    title: "deleteMany deletes exactly the weird keys it is given, not the ones that some encoding turns them into",
    level: "core",
    async run(t) {
      const weird = weirdKeys(t);
      const escaped = allowedKeys(t, ["e/a&b", "e/a<b", 'e/a"b', "e/a+b", "e/a b"]);
      const decoys = allowedKeys(t, [
        "e/a&amp;b",
        "e/a&lt;b",
        'e/a\\"b',
        "e/a&quot;b",
        "e/a%2Bb",
        "e/a%26b",
        "e/a%20b",
      ]);
      await seed(t, [...weird, ...escaped, ...decoys]);
      const outcomes = await reported(t, [...weird, ...escaped]);
      const failed = outcomes.filter((outcome) => outcome.error !== undefined);
      equal(failed, [], "failed outcomes");
      equal((await listedKeys(t)).toSorted(), decoys.toSorted(), "objects left");
    },
  }),

  conformanceCase({
    id: "G13",
    title: "deleteMany stops at an abort, and what it has reported by then is really deleted",
    level: "core",
    async run(t) {
      const batch = t.capabilities.deleteMany.batch;
      const stored = [t.key("n0"), t.key("n1")];
      await seed(t, stored);
      const controller = new AbortController();
      let asked = 0;
      const endless = async function* (): AsyncGenerator<string> {
        yield* stored;
        for (;;) {
          asked += 1;
          yield t.key(`missing${asked}`);
        }
      };
      const done: DeleteOutcome[] = [];
      const run = async (): Promise<void> => {
        for await (const outcome of t.provider.deleteMany(endless(), { signal: controller.signal })) {
          done.push(outcome);
          controller.abort();
        }
      };
      await rejectsWith("Aborted", run, "deleteMany");
      ok(done.length > 0, "the outcomes before the abort were not reported");
      // One batch was deleted and the next may have been gathered; more than that would be work for nobody.
      ok(
        asked <= 3 * batch,
        `${asked} keys were read although the caller stopped after the first of a batch of ${batch}`,
      );
      for (const { key, error } of done) {
        equal(error, undefined, `outcome of ${key}`);
        if (!stored.includes(key)) continue;
        equal(await t.provider.exists(key, { signal: t.signal }), false, `exists of ${key}, reported as deleted`);
      }
    },
  }),
];

async function reported(t: CaseContext, keys: readonly string[]): Promise<DeleteOutcome[]> {
  return collect(t.provider.deleteMany(keys, { signal: t.signal }));
}
