import { conformanceCase } from "../define.ts";
import { collect, equal, ok, rejectsWith, show } from "../check.ts";
import { keysOf, listedKeys, textOf } from "../objects.ts";
import { prefix } from "../../layers/prefix.ts";
import { isStorageError } from "../../errors/storage-error.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import type { StorageProvider } from "../../contract/provider.ts";

/** B19: a provider that is confined to a prefix cannot leave it. */
export const CONFINEMENT_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "B19",
    title: "a provider confined to a prefix reaches nothing outside it, whatever the key",
    level: "core",
    run: async (t) => {
      const { provider, signal } = t;
      const outside = ["outside.txt", "inside.txt", "inside-too/outside.txt"].map((name) => t.key(name));
      for (const key of outside) await provider.put(key, OUTSIDE, { signal });
      const confined = prefix(t.key("inside/"))(provider);

      for (const key of escapes(t, outside)) {
        await readsNothing(t, confined, key);
        const stored = await putsWithin(t, confined, key);
        if (stored) await confined.delete(key, { signal });
        else await rejectsWith("InvalidKey", () => confined.delete(key, { signal }), `delete of ${show(key)}`);
      }
      for await (const { key, error } of confined.deleteMany(escapes(t, outside), { signal })) {
        ok(error === undefined || error.code === "InvalidKey", `deleteMany of ${show(key)}: ${show(error)}`);
      }
      for (const key of outside) equal(await textOf(t, key), OUTSIDE, `content of ${key} at the end`);

      await confined.put("own.txt", "own", { signal });
      for (const wider of ["", "../", "/", "o"]) {
        const keys = keysOf(await collect(confined.list({ prefix: wider, signal })));
        equal(keys, "own.txt".startsWith(wider) ? ["own.txt"] : [], `keys listed under ${show(wider)}`);
      }
      await rejectsWith("InvalidKey", () => confined.get("", { signal }), "get of the folder itself");
      if (!t.capabilities.publicUrl) return;
      for (const key of outside) equal(confined.parseUrl(provider.publicUrl(key)), undefined, `parseUrl of ${key}`);
      equal(confined.parseUrl(provider.publicUrl(t.key("inside/own.txt")))?.key, "own.txt", "parseUrl of its own");
    },
  }),
];

const OUTSIDE = "out of reach";

function escapes(t: CaseContext, outside: readonly string[]): readonly string[] {
  return [
    "../outside.txt",
    "./../outside.txt",
    "a/../../outside.txt",
    "/../outside.txt",
    "..",
    "../",
    "..\\outside.txt",
    "..%2Foutside.txt",
    "%2e%2e/outside.txt",
    "..;/outside.txt",
    "/outside.txt",
    "//outside.txt",
    "../inside.txt",
    "../inside-too/outside.txt",
    "outside.txt",
    `${t.prefix}outside.txt`,
    ...outside.map((key) => `/${key}`),
  ];
}

/** Reading by such a key finds nothing, or the key is refused. */
async function readsNothing(t: CaseContext, confined: StorageProvider, key: string): Promise<void> {
  const { signal } = t;
  const what = show(key);
  await rejectsWith(["NotFound", "InvalidKey"], () => confined.get(key, { signal }), `get of ${what}`);
  await rejectsWith(["NotFound", "InvalidKey"], () => confined.head(key, { signal }), `head of ${what}`);
  await rejectsWith(["NotFound", "InvalidKey"], () => confined.copy(key, "copy.txt", { signal }), `copy of ${what}`);
  try {
    equal(await confined.exists(key, { signal }), false, `exists of ${what}`);
  } catch (error) {
    if (!isStorageError(error, "InvalidKey")) throw error;
  }
}

/** Whether the key was taken; then it is within the prefix, and nothing else has changed. */
async function putsWithin(t: CaseContext, confined: StorageProvider, key: string): Promise<boolean> {
  const before = await listedKeys(t);
  try {
    await confined.put(key, "let in", { signal: t.signal });
  } catch (error) {
    if (isStorageError(error, "InvalidKey")) return false;
    throw error;
  }
  const added = (await listedKeys(t)).filter((one) => !before.includes(one));
  equal(added, [t.key(`inside/${key}`)], `what a put of ${show(key)} has added`);
  equal(await textOf(t, key, confined), "let in", `content of ${show(key)} within the prefix`);
  return true;
}
