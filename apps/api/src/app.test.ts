import { memory } from "@bucketferry/storage-core/memory";
import { expect, test } from "vitest";
import { app } from "./app.ts";

const audio = new Uint8Array([0, 1, 2, 254, 255]);

function upload(
  storage = memory({ bucket: "b" }),
  { id = "l1", type = "audio/mp4", body = audio as Uint8Array<ArrayBuffer> | null } = {},
): Promise<Response> {
  const headers = { "content-type": type };
  return Promise.resolve(app({ storage }).request(`/lectures/${id}/audio`, { method: "PUT", headers, body }));
}

test("an upload is stored under the lecture's key, byte for byte", async () => {
  const storage = memory({ bucket: "b" });
  const response = await upload(storage);
  expect(response.status).toBe(201);
  const { key, size } = (await response.json()) as { key: string; size: number };
  expect(key).toMatch(/^audio\/l1_[0-9a-f-]{36}\.m4a$/);
  expect(size).toBe(5);
  const stored = await storage.get(key);
  expect(stored.info.contentType).toBe("audio/mp4");
  expect(await stored.bytes()).toEqual(audio);
});

test.each([
  ["a type that is no audio", { type: "text/html" }, 415],
  ["an id that would leave its folder", { id: "..%2Fx" }, 400],
  ["no body", { body: null }, 400],
])("%s is refused as a problem document, and nothing is stored", async (_name, request, status) => {
  const storage = memory({ bucket: "b" });
  const response = await upload(storage, request);
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await Array.fromAsync(storage.list())).toEqual([]);
});

test("live answers, and ready looks at storage", async () => {
  const storage = memory({ bucket: "b" });
  const service = app({ storage });
  expect((await service.request("/health/live")).status).toBe(200);
  expect((await service.request("/health/ready")).status).toBe(200);
  await storage.close();
  expect((await service.request("/health/ready")).status).not.toBe(200);
});
