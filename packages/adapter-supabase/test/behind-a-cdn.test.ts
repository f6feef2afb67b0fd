import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StorageProvider } from "@bucketferry/storage-core";
import { cachingCdn, type CachingCdn } from "./caching-cdn.ts";
import { localSupabase, type LocalSupabase } from "./local-supabase.ts";

let local: LocalSupabase;
let cdn: CachingCdn;
let provider: StorageProvider;
beforeAll(async () => {
  local = await localSupabase();
  cdn = await cachingCdn(local.server.url);
  provider = local.make({ url: cdn.url });
});
afterAll(async () => {
  await local.close();
  await cdn.close();
});

describe("W9 behind a CDN that goes on serving what was there", () => {
  it("reads what is there now, bytes and description", async () => {
    await provider.put("changing.txt", "old", { contentType: "text/old" });
    expect(await (await provider.get("changing.txt")).text()).toBe("old");
    await local.direct.put("changing.txt", "newer", { contentType: "text/new" });
    const { info, text } = await openedText(provider, "changing.txt");
    expect(text).toBe("newer");
    expect(info).toMatchObject({ size: 5, contentType: "text/new" });
    expect(await provider.head("changing.txt")).toEqual(info);
    expect(cdn.hits()).toBeGreaterThan(0);
  });

  it("finds what was missing a moment ago, and misses what was there", async () => {
    await expect(provider.head("late.txt")).rejects.toMatchObject({ code: "NotFound" });
    await local.direct.put("late.txt", "here");
    expect((await provider.head("late.txt")).size).toBe(4);
    expect((await openedText(provider, "late.txt")).text).toBe("here");
    await local.direct.delete("late.txt");
    await expect(provider.get("late.txt")).rejects.toMatchObject({ code: "NotFound" });
  });

  it("reads parts of one and the same object", async () => {
    await provider.put("parts.txt", "0123456789");
    const part = async () =>
      Buffer.from(await (await provider.get("parts.txt", { range: { offset: 2, length: 3 } })).bytes()).toString();
    expect(await part()).toBe("234");
    await local.direct.put("parts.txt", "abcdefghij");
    expect(await part()).toBe("cde");
  });
});

async function openedText(from: StorageProvider, key: string) {
  const opened = await from.get(key);
  return { info: opened.info, text: await opened.text() };
}
