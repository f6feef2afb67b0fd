import type { ListEntry, ListOptions } from "../../contract/provider.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { collect, equal, ok, rejectsWith } from "../check.ts";
import { conformanceCase } from "../define.ts";
import {
  allowedKeys,
  inByteOrder,
  keysByPage,
  keysOf,
  listedKeys,
  numbered,
  pagesOf,
  seed,
  weirdKeys,
} from "../objects.ts";
import { requestsOf } from "../requests.ts";
import { sendsNothing } from "../sends-nothing.ts";

export const LIST_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "H01",
    title: "a prefix with nothing under it lists no entries, and is no error",
    level: "core",
    async run(t) {
      equal(await collect(t.provider.list({ prefix: t.prefix, signal: t.signal })), [], "entries of list");
      const page = await t.provider.listPage({ prefix: t.prefix, signal: t.signal });
      equal(page.entries, [], "entries of listPage");
      equal(page.cursor, undefined, "cursor of an empty listing");
    },
  }),

  conformanceCase({
    id: "H02",
    title: "the prefix is plain text: img matches img2/x, img/ does not",
    level: "core",
    async run(t) {
      const [inFolder, inOther, beside] = [t.key("img/a"), t.key("img2/x"), t.key("imp")];
      await seed(t, [inFolder, inOther, beside]);
      equal((await listedKeys(t, t.key("img"))).toSorted(), [inFolder, inOther], "keys under img");
      equal(await listedKeys(t, t.key("img/")), [inFolder], "keys under img/");
      equal(await listedKeys(t, t.key("IMG")), [], "keys under IMG");
      // The wildcards of SQL's LIKE and of file globs.
      for (const wildcard of ["im_", "im%", "im*", "im?"]) {
        equal(await listedKeys(t, t.key(wildcard)), [], `keys under ${wildcard}`);
      }
    },
  }),

  conformanceCase({
    id: "H03",
    title: "a prefix that is a whole key lists that object and those that go on from it",
    level: "core",
    async run(t) {
      const keys = [t.key("a.txt"), t.key("a.txt.bak")];
      await seed(t, keys);
      equal((await listedKeys(t, t.key("a.txt"))).toSorted(), keys, "keys under a.txt");
      equal(await listedKeys(t, t.key("a.txt.bak")), [t.key("a.txt.bak")], "keys under a.txt.bak");
    },
  }),

  conformanceCase({
    id: "H04",
    title: "pages of 1, 2, 3, of exactly all and of more than all give every key once",
    level: "core",
    async run(t) {
      const keys = [...numbered(t, 5), t.key("z/deep/er")];
      await seed(t, keys);
      for (const limit of [1, 2, 3, 6, 7]) {
        const listing = { prefix: t.prefix, limit, signal: t.signal };
        equal((await keysByPage(t.provider, listing)).toSorted(), keys, `keys in pages of ${limit}`);
        for await (const page of pagesOf(t.provider, listing)) {
          ok(page.entries.length <= limit, `a page of at most ${limit} entries holds ${page.entries.length}`);
        }
      }
    },
  }),

  conformanceCase({
    id: "H05",
    title: "1000 and 1001 objects are listed completely and without repeats",
    level: "core",
    async run(t) {
      const keys = numbered(t, 1001);
      await seed(t, keys);
      equal((await listedKeys(t)).toSorted(), keys, "keys of list, 1001 objects");
      for (const limit of [333, 1000]) {
        const byPage = await keysByPage(t.provider, { prefix: t.prefix, limit, signal: t.signal });
        equal(byPage.toSorted(), keys, `keys in pages of ${limit}, 1001 objects`);
      }
      await t.provider.delete(t.key("n1000"), { signal: t.signal });
      equal((await listedKeys(t)).toSorted(), keys.slice(0, 1000), "keys of list, 1000 objects");
    },
  }),

  conformanceCase({
    id: "H06",
    title: "a cursor survives JSON and is good in another instance",
    level: "core",
    async run(t) {
      const keys = numbered(t, 5);
      await seed(t, keys);
      const first = await t.provider.listPage({ prefix: t.prefix, limit: 2, signal: t.signal });
      equal(typeof first.cursor, "string", "type of the cursor of a first page");
      const { cursor } = JSON.parse(JSON.stringify({ cursor: first.cursor })) as { cursor: string };
      const other = await t.createProvider();
      const rest = await keysByPage(other, { prefix: t.prefix, limit: 2, cursor, signal: t.signal });
      equal([...keysOf(first.entries), ...rest].toSorted(), keys, "keys of both instances");
    },
  }),

  conformanceCase({
    id: "H07",
    title: "a limit that is zero, negative or no whole number is an InvalidArgument, without a request",
    level: "core",
    async run(t) {
      for (const limit of [0, -1, 1.5, Number.NaN, Infinity]) {
        const call = () => t.provider.listPage({ prefix: t.prefix, limit, signal: t.signal });
        await sendsNothing(t, () => rejectsWith("InvalidArgument", call, `listPage with limit ${limit}`));
      }
    },
  }),

  conformanceCase({
    id: "H08",
    title: "a cursor that the provider never gave is an InvalidArgument, not some other place in the listing",
    level: "core",
    async run(t) {
      await seed(t, numbered(t, 3));
      // Some services take any text as a token and start wherever it sorts, so the adapter has to know its own.
      for (const cursor of ["", "no cursor of ours", t.key("n0001"), "💥", "eyJhIjoxfQ=="]) {
        const call = () => t.provider.listPage({ prefix: t.prefix, limit: 1, cursor, signal: t.signal });
        await rejectsWith("InvalidArgument", call, `listPage with the cursor ${JSON.stringify(cursor)}`);
      }
    },
  }),

  conformanceCase({
    id: "H09",
    title: "keys come in the order of their UTF-8 bytes, in one listing and across pages",
    level: "extended",
    needs: ["list.ordered"],
    async run(t) {
      // Before the slash sort space ! $ ' ( ) * + , - . and after it 0; U+FF5E sorts before an emoji in UTF-8 and after it in UTF-16.
      const ascii = ["a", "a b", "a!", "a$", "a+b", "a-b", "a.b", "a/b", "a/b/c", "a0", "aa", "B", "Z/a", "_", "z"];
      const names = [...ascii, "é", "e\u0301", "\uff5e", "\u{1f600}", "日本"];
      const { objectBesideFolder } = t.capabilities.keys;
      const keys = inByteOrder(
        allowedKeys(t, objectBesideFolder ? names : names.filter((name) => name !== "a" && name !== "a/b")),
      );
      await seed(t, keys.toReversed());
      equal(await listedKeys(t), keys, "order of list");
      for (const limit of [1, 2, 3]) {
        equal(
          await keysByPage(t.provider, { prefix: t.prefix, limit, signal: t.signal }),
          keys,
          `order in pages of ${limit}`,
        );
      }
    },
  }),

  conformanceCase({
    id: "H10",
    title: "startAfter is exclusive, need not name a key, and lists nothing behind the last key",
    level: "extended",
    needs: ["list.startAfter"],
    async run(t) {
      const keys = allowedKeys(t, ["b", "d", "d/x", "f"]);
      const stored = t.capabilities.keys.objectBesideFolder ? keys : keys.filter((key) => !key.endsWith("d/x"));
      await seed(t, stored);
      const after = async (startAfter: string): Promise<string[]> =>
        keysOf(await collect(t.provider.list({ prefix: t.prefix, startAfter, signal: t.signal }))).toSorted();
      const behind = (startAfter: string) => stored.filter((key) => key > startAfter);
      for (const name of ["a", "b", "c", "d", "d/", "e"]) {
        equal(await after(t.key(name)), behind(t.key(name)), `keys after ${name}`);
      }
      equal(await after(t.key("f")), [], "keys after the last one");
      equal(await after(t.key("g")), [], "keys after a name behind the last one");
      equal(await after(t.prefix), stored, "keys after the prefix itself");
      equal(
        (
          await keysByPage(t.provider, { prefix: t.prefix, startAfter: t.key("b"), limit: 1, signal: t.signal })
        ).toSorted(),
        behind(t.key("b")),
        "keys after b in pages of 1",
      );
    },
    refusal: (t) => refusesListing(t, { prefix: t.prefix, startAfter: t.key("a") }),
  }),

  conformanceCase({
    id: "H11",
    title: "the delimiter / gives the objects of one level and the folders below it, each once",
    level: "extended",
    needs: ["list.delimiter"],
    async run(t) {
      const names = ["p-1", "p.jpg", "p/1", "p/2", "p/deep/3", "q/1", "z"];
      const stored = allowedKeys(t, t.capabilities.keys.objectBesideFolder ? ["p", ...names] : names);
      await seed(t, stored);
      const top = stored.filter((key) => !key.slice(t.prefix.length).includes("/"));
      equal(await level(t, t.prefix), { objects: top, prefixes: [t.key("p/"), t.key("q/")] }, "one level of the case");
      equal(
        await level(t, t.key("p/")),
        { objects: [t.key("p/1"), t.key("p/2")], prefixes: [t.key("p/deep/")] },
        "one level under p/",
      );
      equal(
        await level(t, t.key("p")),
        { objects: top.filter((key) => key.startsWith(t.key("p"))), prefixes: [t.key("p/")] },
        "one level from p, without its slash",
      );
      equal(await level(t, t.key("p/deep")), { objects: [], prefixes: [t.key("p/deep/")] }, "one level from p/deep");
      equal(await level(t, t.key("q/1")), { objects: [t.key("q/1")], prefixes: [] }, "one level from a whole key");
    },
    refusal: (t) => refusesListing(t, { prefix: t.prefix, delimiter: "/" }),
  }),

  conformanceCase({
    id: "H12",
    title: "a delimiter may be another character, or several",
    level: "extended",
    needs: ["list.delimiter any"],
    async run(t) {
      const keys = allowedKeys(t, ["a--b", "a--c", "a-d", "e"]);
      await seed(t, keys);
      equal(
        await level(t, t.prefix, "--"),
        { objects: [t.key("a-d"), t.key("e")], prefixes: [t.key("a--")] },
        "grouped by --",
      );
      equal(await level(t, t.prefix, "-"), { objects: [t.key("e")], prefixes: [t.key("a-")] }, "grouped by -");
      equal(
        await level(t, t.key("a-"), "-"),
        { objects: [t.key("a-d")], prefixes: [t.key("a--")] },
        "grouped by - behind a-",
      );
    },
    refusal: (t) => refusesListing(t, { prefix: t.prefix, delimiter: "--" }),
  }),

  conformanceCase({
    id: "H13",
    title: "folders count as entries of a page, none comes twice, and a page of folders alone is not the end",
    level: "extended",
    needs: ["list.delimiter"],
    async run(t) {
      const folders = ["a", "b", "c"].map((name) => t.key(`${name}/`));
      const file = t.key("z");
      await seed(t, [...folders.flatMap((folder) => [`${folder}1`, `${folder}2`, `${folder}3`]), file]);
      for (const limit of [1, 2, 3]) {
        const entries: ListEntry[] = [];
        for await (const page of pagesOf(t.provider, { prefix: t.prefix, delimiter: "/", limit, signal: t.signal })) {
          ok(page.entries.length <= limit, `a page of at most ${limit} entries holds ${page.entries.length}`);
          entries.push(...page.entries);
        }
        equal(sorted(entries), { objects: [file], prefixes: folders }, `entries in pages of ${limit}`);
      }
    },
    refusal: (t) => refusesListing(t, { prefix: t.prefix, delimiter: "/" }),
  }),

  conformanceCase({
    id: "H14",
    title: "a page that has become empty is not the end of the listing",
    level: "core",
    needs: ["readAfterWrite"],
    async run(t) {
      const keys = numbered(t, 6);
      await seed(t, keys);
      const first = await t.provider.listPage({ prefix: t.prefix, limit: 1, signal: t.signal });
      ok(first.cursor !== undefined, "a first page of one among six entries has no cursor");
      const [seen] = keysOf(first.entries);
      const last = keys.findLast((key) => key !== seen);
      // All that the next pages would have held goes away, and only what comes last stays.
      for (const key of keys) if (key !== seen && key !== last) await t.provider.delete(key, { signal: t.signal });
      const listing = { prefix: t.prefix, limit: 1, cursor: first.cursor, signal: t.signal };
      equal(await keysByPage(t.provider, listing), [last], "keys behind the emptied pages");
      await t.provider.delete(last ?? "", { signal: t.signal });
      equal(await keysByPage(t.provider, listing), [], "keys behind a cursor with nothing left behind it");
    },
  }),

  conformanceCase({
    id: "H15",
    title: "keys inserted while paging cost no old key its place, and none comes twice",
    level: "core",
    async run(t) {
      const old = ["b", "d", "f", "h", "j", "l"].map((name) => t.key(name));
      await seed(t, old);
      const seen: string[] = [];
      const between = ["a", "c", "e", "g", "i", "k"].map((name) => t.key(name)).values();
      for await (const page of pagesOf(t.provider, { prefix: t.prefix, limit: 1, signal: t.signal })) {
        seen.push(...keysOf(page.entries));
        const { value } = between.next();
        if (value !== undefined) await t.provider.put(value, "new", { signal: t.signal });
      }
      equal(seen.length, new Set(seen).size, "keys seen, against distinct keys seen");
      equal(seen.filter((key) => old.includes(key)).toSorted(), old, "old keys seen");
    },
  }),

  conformanceCase({
    id: "H16",
    title: "keys deleted while paging cost no other key its place",
    level: "core",
    async run(t) {
      const keys = numbered(t, 12);
      await seed(t, keys);
      const seen: string[] = [];
      const deleted = new Set<string>();
      for await (const page of pagesOf(t.provider, { prefix: t.prefix, limit: 2, signal: t.signal })) {
        seen.push(...keysOf(page.entries));
        // The key the cursor stands on, and one that is still to come.
        const onCursor = seen.at(-1);
        const toCome = keys.find((key) => !seen.includes(key) && !deleted.has(key));
        for (const key of [onCursor, toCome]) {
          if (key === undefined) continue;
          deleted.add(key);
          await t.provider.delete(key, { signal: t.signal });
        }
      }
      equal(seen.length, new Set(seen).size, "keys seen, against distinct keys seen");
      const kept = keys.filter((key) => !deleted.has(key));
      equal(seen.filter((key) => kept.includes(key)).toSorted(), kept, "keys seen of those that stayed");
    },
  }),

  conformanceCase({
    id: "H17",
    title: "weird keys are listed exactly as they were written, also across pages",
    level: "core",
    async run(t) {
      const keys = weirdKeys(t).toSorted();
      await seed(t, keys);
      equal((await listedKeys(t)).toSorted(), keys, "keys of list");
      equal(
        (await keysByPage(t.provider, { prefix: t.prefix, limit: 7, signal: t.signal })).toSorted(),
        keys,
        "keys by page",
      );
    },
  }),

  conformanceCase({
    id: "H18",
    title: "folder placeholders and directory markers are listed as the objects they are",
    level: "core",
    async run(t) {
      const keys = allowedKeys(t, ["kept/.emptyFolderPlaceholder", "kept/.keep", "marker/", "marker_$folder$"]);
      for (const key of keys) await t.provider.put(key, "", { signal: t.signal });
      const entries = await collect(t.provider.list({ prefix: t.prefix, signal: t.signal }));
      const sizes = Object.fromEntries(
        entries.map((entry) => (entry.type === "object" ? [entry.key, entry.size] : [])),
      );
      equal(sizes, Object.fromEntries(keys.map((key) => [key, 0])), "sizes by key");
      equal(entries.length, keys.length, "number of entries");
    },
  }),

  conformanceCase({
    id: "H19",
    title: "leaving the loop stops the requests: the first entry costs the first page",
    level: "core",
    asks: ["requests"],
    async run(t) {
      // More than a page of any service, so that a provider that reads on, or all at once, makes a second request.
      const count = Math.min(t.capabilities.list.pageSize + 1, 1001);
      await seed(t, numbered(t, count));
      const cost = await requestsOf(t, async () => {
        for await (const entry of t.provider.list({ prefix: t.prefix, signal: t.signal })) {
          ok(entry.type === "object", "a listing without delimiter gave a prefix");
          break;
        }
        // A request that was under way when the loop was left would have arrived before this one is answered.
        await t.provider.head(t.key("n0000"), { signal: t.signal });
      });
      equal(cost, 2, "requests for the first entry of a listing, and for one head after it");
    },
  }),

  conformanceCase({
    id: "H20",
    title: "a listing asks for pages, and for nothing per entry",
    level: "core",
    asks: ["requests"],
    async run(t) {
      const keys = numbered(t, 30);
      await seed(t, keys);
      const cost = await requestsOf(t, async () => {
        for await (const entry of t.provider.list({ prefix: t.prefix, signal: t.signal })) {
          ok(
            entry.type === "object" && entry.size === entry.key.length,
            "an entry does not tell the size of its object",
          );
        }
      });
      // One page, and one more where a full-looking page cannot know that it was the last.
      ok(cost <= 2, `a listing of 30 objects took ${cost} requests`);
    },
  }),
];

interface Level {
  readonly objects: readonly string[];
  readonly prefixes: readonly string[];
}

async function level(t: CaseContext, prefix: string, delimiter = "/"): Promise<Level> {
  return sorted(await collect(t.provider.list({ prefix, delimiter, signal: t.signal })));
}

function sorted(entries: readonly ListEntry[]): Level {
  return {
    objects: entries.flatMap((entry) => (entry.type === "object" ? [entry.key] : [])).toSorted(),
    prefixes: entries.flatMap((entry) => (entry.type === "prefix" ? [entry.prefix] : [])).toSorted(),
  };
}

async function refusesListing(t: CaseContext, options: ListOptions): Promise<void> {
  await rejectsWith("Unsupported", () => t.provider.listPage({ ...options, signal: t.signal }), "listPage");
  await rejectsWith("Unsupported", () => collect(t.provider.list({ ...options, signal: t.signal })), "list");
}
