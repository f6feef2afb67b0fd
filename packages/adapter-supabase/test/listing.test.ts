import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localSupabase, type LocalSupabase } from "./local-supabase.ts";

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase();
  const plant = (key: string) => local.server.plantObject("media", key, new Uint8Array(1));
  for (let index = 0; index < 1200; index += 1) await plant(`big/${String(index).padStart(5, "0")}`);
  // What the service's own listing by folders loses at the end of a page.
  for (const key of ["photo", "photo-1.jpg", "photo.jpg", "photo/a.jpg", "z"]) await plant(key);
  // Names from before the rules of today.
  for (const key of ["big/é", "ä.txt", "😀.txt"]) await plant(key);
});
afterAll(() => local.close());
beforeEach(() => local.proxy.faults.clear());

async function listed(options: Parameters<LocalSupabase["provider"]["list"]>[0]): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of local.provider.list(options))
    names.push(entry.type === "object" ? entry.key : entry.prefix);
  return names;
}

const TOP = ["big/", "photo", "photo-1.jpg", "photo.jpg", "photo/", "z", "ä.txt", "😀.txt"];

describe("list of an older server, which reads a position up to its first colon only", () => {
  const TIMES = ["08:00", "08:15", "08:30", "08:45", "09:00"].map((time) => `t/2026-01-01T${time}`);
  /** What such a server answers behind any of these keys. */
  const from = async (position: string, limit: number): Promise<string> => {
    const cursor = Buffer.from(`l:${position}`).toString("base64");
    const answer = await local.raw("/object/list-v2/media", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prefix: "t/", limit, cursor }),
    });
    return answer.text();
  };

  it("goes on behind the key that it knows", async () => {
    for (const key of TIMES) await local.server.plantObject("media", key, new Uint8Array(1));
    const first = await local.provider.listPage({ prefix: "t/", limit: 2 });
    local.proxy.faults.inject({
      match: { path: "/object/list-v2/" },
      times: 1,
      fault: { kind: "rewrite", body: await from("t/2026-01-01T08", 1000) },
    });
    const second = await local.provider.listPage({ prefix: "t/", limit: 2, cursor: first.cursor });
    expect(second.entries.map((entry) => (entry.type === "object" ? entry.key : ""))).toEqual(TIMES.slice(2, 4));
    expect(second.cursor).toBeDefined();
  });

  it("says so when a page holds nothing else", async () => {
    local.proxy.faults.inject({
      match: { path: "/object/list-v2/" },
      times: 1,
      fault: { kind: "rewrite", body: await from("t/2026-01-01T08", 2) },
    });
    const page = local.provider.listPage({ prefix: "t/", startAfter: TIMES[1] });
    await expect(page).rejects.toMatchObject({ code: "Unsupported", retryable: false });
    local.proxy.faults.clear();
    await local.raw("/object/media", {
      method: "DELETE",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prefixes: TIMES }),
    });
  });
});

describe("list", () => {
  it("H11 groups folders without losing a key beside them, and steps over a large one", async () => {
    expect(await listed({ delimiter: "/" })).toEqual(TOP);
    expect(local.proxy.faults.seen().length).toBeLessThanOrEqual(3);
  });

  it("H13 does so page by page, whatever the size of the page", async () => {
    for (const limit of [1, 2, 3, 5, 8]) {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await local.provider.listPage({ delimiter: "/", limit, cursor });
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        names.push(...page.entries.map((entry) => (entry.type === "object" ? entry.key : entry.prefix)));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(names).toEqual(TOP);
    }
  });

  it("finds all keys of a large folder in order, also those with names of before", async () => {
    const names = await listed({ prefix: "big/" });
    expect(names).toHaveLength(1201);
    expect(names.at(-1)).toBe("big/é");
  });

  it("H10 starts after any text, also one that no key can be", async () => {
    expect(await listed({ prefix: "photo", startAfter: "photo\n!" })).toEqual([
      "photo-1.jpg",
      "photo.jpg",
      "photo/a.jpg",
    ]);
    expect(await listed({ startAfter: "z" })).toEqual(["ä.txt", "😀.txt"]);
    expect(await listed({ startAfter: "😀.txt" })).toEqual([]);
  });

  it.each([
    ["goes back", { objects: [{ name: "a" }], hasNext: true }],
    ["is empty but goes on", { objects: [], hasNext: true }],
    ["names no objects", { folders: [] }],
    ["holds an object without a name", { objects: [{}], hasNext: false }],
  ])("refuses a page that %s, rather than loop or lose", async (_, page) => {
    local.proxy.faults.inject({
      match: { path: "list-v2" },
      times: 1,
      fault: { kind: "rewrite", body: JSON.stringify(page) },
    });
    await expect(local.provider.listPage({ startAfter: "b" })).rejects.toMatchObject({ code: "Unavailable" });
  });

  it("G06 looks for the bucket before it calls it empty", async () => {
    await expect(local.make({ bucket: "nowhere" }).listPage()).rejects.toMatchObject({ code: "BucketNotFound" });
    expect((await local.provider.listPage({ prefix: "nothing/" })).entries).toEqual([]);
  });
});
