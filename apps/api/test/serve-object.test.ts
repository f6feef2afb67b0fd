import { memory } from "@bucketferry/storage-core/memory";
import { expect, it } from "vitest";
import { serveObject } from "../src/objects/serve-object.ts";

const KEY = "audio/a.txt";

function ask(storage: ReturnType<typeof memory>, headers: Readonly<Record<string, string>>): Promise<Response> {
  return serveObject({
    storage,
    key: KEY,
    request: new Request("http://127.0.0.1/", { headers }),
    cacheControl: "private, no-cache",
    onBytes: () => undefined,
    breakOff: (reason) => expect.unreachable(String(reason)),
  });
}

it("an object that is replaced between the look at it and its reading is served as it is now", async () => {
  const storage = memory();
  await storage.put(KEY, "old");
  let isReplaced = false;
  const answer = await ask(
    {
      ...storage,
      async head(key, options) {
        const info = await storage.head(key, options);
        if (!isReplaced) await storage.put(key, "new one");
        isReplaced = true;
        return info;
      },
    },
    { "if-none-match": '"of-long-ago"' },
  );
  expect([answer.status, await answer.text()]).toEqual([200, "new one"]);
});

it.each(["bytes=0-", "bytes=-5", "bytes=0-0"])(
  "an object of no bytes has no range %s, and says how long it is",
  async (range) => {
    const storage = memory();
    await storage.put(KEY, "");
    await expect(ask(storage, { range })).rejects.toMatchObject({
      code: "InvalidRange",
      headers: { "content-range": "bytes */0" },
    });
    const whole = await ask(storage, {});
    expect([whole.status, whole.headers.get("content-length"), await whole.text()]).toEqual([200, "0", ""]);
  },
);

it("If-Range serves the range for the strong tag of this version only", async () => {
  const storage = memory();
  const { etag } = await storage.put(KEY, "abcdef");
  const status = async (ifRange: string): Promise<number> =>
    (await ask(storage, { range: "bytes=0-1", "if-range": ifRange })).status;
  expect(await status(`"${etag}"`)).toBe(206);
  expect(await status(`W/"${etag}"`)).toBe(200);
  expect(await status('"another"')).toBe(200);
  expect(await status(new Date(0).toUTCString())).toBe(200);
});
