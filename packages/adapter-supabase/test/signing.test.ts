import { isStorageError } from "@bucketferry/storage-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localSupabase, type LocalSupabase } from "./local-supabase.ts";

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase({ uploadUrlLifetimeSeconds: 120 });
});
afterAll(() => local.close());

const KEYS = ["plain.txt", "a b.txt", "a+b&c=d;e:f@g,h$i.txt", "it's (fine)!*.txt", "q?1.txt"];

describe("presign", () => {
  it.each(KEYS)("B18 J08 signs a GET and a HEAD of %s that work for a stranger", async (key) => {
    await local.provider.put(key, key);
    const expiresInSeconds = 60;
    const get = await local.provider.presign({ method: "GET", key, expiresInSeconds });
    expect(await (await fetch(get.url)).text()).toBe(key);
    expect(Math.abs(get.expiresAt.getTime() - Date.now() - 60_000)).toBeLessThan(5_000);
    const head = await local.provider.presign({ method: "HEAD", key, expiresInSeconds });
    const answer = await fetch(head.url, { method: "HEAD" });
    expect([answer.status, answer.headers.get("content-length")]).toEqual([200, String(key.length)]);
  });

  it.each(KEYS)(
    "B18 J11 signs a PUT of %s that works, also twice, or refuses to sign another key in its place",
    async (key) => {
      await local.provider.delete(key);
      const presigned = local.provider.presign({ method: "PUT", key, expiresInSeconds: 60 });
      const outcome = await presigned.then(
        async ({ url, expiresAt }) => {
          const statuses: number[] = [];
          for (const body of ["uploaded", key]) statuses.push((await fetch(url, { method: "PUT", body })).status);
          const content = await (await local.provider.get(key)).text();
          return { statuses, content, lifetime: Math.round((expiresAt.getTime() - Date.now()) / 10_000) };
        },
        (error: unknown) => (isStorageError(error) ? error.code : error),
      );
      // The lifetime is the service's choice. Servers differ in whether they can sign a key with a question mark.
      const signed = { statuses: [200, 200], content: key, lifetime: 12 };
      const accepted = key.includes("?") ? [signed, "Unsupported"] : [signed];
      expect(accepted).toContainEqual(outcome);
    },
  );

  it("hands out no URL that the service has made for another key", async () => {
    const other = await local.provider.presign({ method: "PUT", key: "other.txt", expiresInSeconds: 60 });
    const token = new URL(other.url).searchParams.get("token");
    const body = JSON.stringify({ url: "/object/upload/sign/media/mine.txt", token });
    local.proxy.faults.inject({ match: { path: "/upload/sign/" }, times: 1, fault: { kind: "rewrite", body } });
    const presigned = local.provider.presign({ method: "PUT", key: "mine.txt", expiresInSeconds: 60 });
    await expect(presigned).rejects.toMatchObject({ code: "Unsupported" });
  });

  it("J16 of a missing key is NotFound, of a missing bucket BucketNotFound", async () => {
    const request = { method: "GET", key: "missing.txt", expiresInSeconds: 60 } as const;
    await expect(local.provider.presign(request)).rejects.toMatchObject({ code: "NotFound" });
    const nowhere = local.make({ bucket: "nowhere" });
    await expect(nowhere.presign(request)).rejects.toMatchObject({ code: "BucketNotFound" });
    await expect(nowhere.presign({ ...request, method: "PUT" })).rejects.toMatchObject({ code: "BucketNotFound" });
  });

  it("is understood by parseUrl, with its end", async () => {
    await local.provider.put("q?1.txt", "x");
    const { url, expiresAt } = await local.provider.presign({ method: "GET", key: "q?1.txt", expiresInSeconds: 60 });
    expect(local.provider.parseUrl(url)).toMatchObject({
      key: "q?1.txt",
      candidates: ["q?1.txt"],
      kind: "signed",
      expiresAt,
    });
  });
});
