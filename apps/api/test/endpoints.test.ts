import { request as httpRequest } from "node:http";
import { expect, it, vi } from "vitest";
import type { LectureDocument } from "../src/lectures/lecture-document.ts";
import { as, bytesOf, keysOf, openNotes, sha256 } from "./support/api-user.ts";
import { PNG, wav } from "./support/wav.ts";
import { onEveryGround } from "./support/on-every-ground.ts";

const AUDIO = wav(2);

onEveryGround((started) => {
  it("a lecture gets audio, plays by range, and tells its duration", async () => {
    const api = started();
    const user = await as(api, "ada");
    const lecture = await user.lecture("Waves");
    const uploaded = await user.upload(lecture.id, AUDIO);
    expect(uploaded.status).toBe(201);
    const { audioUrl } = (await uploaded.json()) as LectureDocument;
    expect(new URL(audioUrl ?? "").pathname).toMatch(
      new RegExp(`^/files/audio/${lecture.id}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.wav$`),
    );

    const whole = await user.get(`/lectures/${lecture.id}/audio`);
    expect(whole.headers.get("content-type")).toBe("audio/wav");
    expect(sha256(await bytesOf(whole))).toBe(sha256(AUDIO));
    const range = await user.get(`/lectures/${lecture.id}/audio`, { range: "bytes=100-199" });
    expect(range.status).toBe(206);
    expect(range.headers.get("content-range")).toBe(`bytes 100-199/${AUDIO.byteLength}`);
    expect(await bytesOf(range)).toEqual(Buffer.from(AUDIO.subarray(100, 200)));
    expect(sha256(await bytesOf(await user.get(new URL(audioUrl ?? "").pathname)))).toBe(sha256(AUDIO));

    await vi.waitFor(async () => {
      expect(await user.read(lecture.id)).toMatchObject({ status: "ready", durationSeconds: 2, bitRate: 128_000 });
    }, 60_000);
  });

  it("a form brings the same file as a raw body", async () => {
    const api = started();
    const user = await as(api, "ada");
    const lecture = await user.lecture("Form");
    const form = new FormData();
    form.set("note", "about the file");
    form.set("file", new Blob([AUDIO], { type: "audio/x-wav" }), "waves.wav");
    const uploaded = await user.send("POST", `/lectures/${lecture.id}/upload-audio`, form);
    expect(uploaded.status).toBe(201);
    expect(await uploaded.json()).toMatchObject({ audioContentType: "audio/wav", audioSizeBytes: AUDIO.byteLength });
    expect(sha256(await bytesOf(await user.get(`/lectures/${lecture.id}/audio`)))).toBe(sha256(AUDIO));
  });

  it("HEAD, ETag, conditions and refused ranges answer as RFC 9110 wants", async () => {
    const api = started();
    const user = await as(api, "ada");
    const lecture = await user.lecture("Conditions");
    await user.upload(lecture.id, AUDIO);
    const path = `/lectures/${lecture.id}/audio`;
    const head = await user.send("HEAD", path);
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe(String(AUDIO.byteLength));
    expect(head.headers.get("accept-ranges")).toBe("bytes");
    expect(head.headers.get("x-content-type-options")).toBe("nosniff");
    const etag = head.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[^"]+"$/);
    expect((await user.get(path, { "if-none-match": etag })).status).toBe(304);
    expect((await user.get(path, { "if-none-match": '"other"' })).status).toBe(200);
    expect((await user.get(path, { "if-match": '"other"' })).status).toBe(412);
    expect((await user.get(path, { range: "bytes=0-3", "if-range": etag })).status).toBe(206);
    expect((await user.get(path, { range: "bytes=0-3", "if-range": '"other"' })).status).toBe(200);
    const beyond = await user.get(path, { range: `bytes=${AUDIO.byteLength}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe(`bytes */${AUDIO.byteLength}`);
    expect((await user.get(path, { range: "bytes=0-1,4-5" })).status).toBe(416);
    expect(await bytesOf(await user.get(path, { range: "bytes=-4" }))).toEqual(Buffer.from(AUDIO.subarray(-4)));
  });

  it("new audio takes the place of the old one, whose object goes away", async () => {
    const api = started();
    const user = await as(api, "ada");
    const lecture = await user.lecture("Replaced");
    await user.upload(lecture.id, AUDIO);
    const [before] = await keysOf(api, `audio/${lecture.id}_`);
    const shorter = wav(1);
    await user.upload(lecture.id, shorter);
    await vi.waitFor(async () => {
      const keys = await keysOf(api, `audio/${lecture.id}_`);
      expect(keys).toHaveLength(1);
      expect(keys).not.toContain(before);
    }, 60_000);
    expect(sha256(await bytesOf(await user.get(`/lectures/${lecture.id}/audio`)))).toBe(sha256(shorter));
  });

  it("a deleted lecture is gone, and so is its object", async () => {
    const api = started();
    const user = await as(api, "ada");
    const lecture = await user.lecture("Deleted");
    await user.upload(lecture.id, AUDIO);
    expect((await user.send("DELETE", `/lectures/${lecture.id}`)).status).toBe(204);
    expect((await user.get(`/lectures/${lecture.id}`)).status).toBe(404);
    await vi.waitFor(async () => expect(await keysOf(api, `audio/${lecture.id}_`)).toEqual([]), 60_000);
  });

  it("somebody else's lecture is not there, neither to read nor to write", async () => {
    const api = started();
    const [ada, eve] = [await as(api, "ada"), await as(api, "eve")];
    const lecture = await ada.lecture("Mine");
    await ada.upload(lecture.id, AUDIO);
    const { audioUrl } = await ada.read(lecture.id);
    for (const path of [`/lectures/${lecture.id}`, `/lectures/${lecture.id}/audio`, new URL(audioUrl ?? "").pathname]) {
      expect((await eve.get(path)).status).toBe(404);
      expect((await fetch(`${api.url}${path}`)).status).toBe(401);
    }
    expect((await eve.upload(lecture.id, AUDIO)).status).toBe(404);
    expect((await eve.send("DELETE", `/lectures/${lecture.id}`)).status).toBe(404);
    const { lectures } = (await (await eve.get("/lectures")).json()) as { lectures: LectureDocument[] };
    expect(lectures.map(({ id }) => id)).not.toContain(lecture.id);
  });

  it("one's own lectures are listed newest first, page by page", async () => {
    const api = started();
    const user = await as(api, "lister");
    const titles = ["one", "two", "three", "four", "five"];
    for (const title of titles) await user.lecture(title);
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = (await (await user.get(`/lectures?limit=2${cursor}`)).json()) as {
        lectures: LectureDocument[];
        nextCursor?: string;
      };
      seen.push(...page.lectures.map(({ title }) => title));
      cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
    } while (cursor !== "");
    expect(seen.toSorted()).toEqual(titles.toSorted());
    expect((await user.get("/lectures?cursor=nonsense")).status).toBe(400);
  });

  it("a link opens the audio without credentials, and only that", async () => {
    const api = started();
    const user = await as(api, "ada");
    const [one, other] = [await user.lecture("One"), await user.lecture("Other")];
    await user.upload(one.id, AUDIO);
    await user.upload(other.id, AUDIO);
    const { url } = (await (await user.send("POST", `/lectures/${one.id}/audio-link`)).json()) as { url: string };
    expect(sha256(await bytesOf(await fetch(url)))).toBe(sha256(AUDIO));
    const { audioUrl } = await user.read(other.id);
    expect((await fetch(`${audioUrl}${new URL(url).search}`)).status).toBe(403);
  });

  it("a profile image is its user's to change and every user's to see", async () => {
    const api = started();
    const [ada, eve] = [await as(api, "ada"), await as(api, "eve")];
    const put = await ada.send("PUT", "/users/ada/profile-image", PNG, { "content-type": "image/png" });
    expect(put.status).toBe(200);
    const { imageUrl } = (await put.json()) as { imageUrl: string };
    expect(new URL(imageUrl).pathname).toMatch(/^\/files\/images\/profiles\/ada_[0-9a-f-]{36}\.png$/);
    expect(await bytesOf(await eve.get("/users/ada/profile-image"))).toEqual(Buffer.from(PNG));
    expect((await eve.send("PUT", "/users/ada/profile-image", PNG, { "content-type": "image/png" })).status).toBe(403);
    expect((await eve.send("DELETE", "/users/ada/profile-image")).status).toBe(403);
    expect((await ada.send("DELETE", "/users/ada/profile-image")).status).toBe(204);
    expect((await ada.get("/users/ada/profile-image")).status).toBe(404);
    await vi.waitFor(async () => expect(await keysOf(api, "images/profiles/ada_")).toEqual([]), 60_000);
  });

  it("the service role keeps any object under any key", async () => {
    const api = started();
    const service = await as(api, "service", await api.serviceToken());
    const path = "/files/docs/a%20b%20(1)%20%26c.txt";
    const put = await service.send("PUT", path, Buffer.from("hello"), { "content-type": "text/plain" });
    expect(put.status).toBe(201);
    expect(await put.json()).toMatchObject({ key: "docs/a b (1) &c.txt", sizeBytes: 5 });
    expect(await (await service.get(path)).text()).toBe("hello");
    const { files } = (await (await service.get("/files?prefix=docs/")).json()) as {
      files: { key: string; url: string }[];
    };
    expect(files.map(({ key }) => key)).toEqual(["docs/a b (1) &c.txt"]);
    expect((await service.get(new URL(files[0]?.url ?? "").pathname)).status).toBe(200);
    expect((await service.send("DELETE", path)).status).toBe(204);
    expect((await service.get(path)).status).toBe(404);
    const user = await as(api, "ada");
    expect((await user.send("PUT", path, Buffer.from("x"))).status).toBe(403);
    expect((await user.get("/files")).status).toBe(403);
  });

  it("a request with an idempotency key is done once", async () => {
    const api = started();
    const user = await as(api, "ada");
    const body = JSON.stringify({ title: "Once" });
    const headers = { "content-type": "application/json", "idempotency-key": `once-${Math.random()}` };
    const first = await user.send("POST", "/lectures", body, headers);
    const again = await user.send("POST", "/lectures", body, headers);
    expect(again.status).toBe(201);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    const lecture = (await first.json()) as LectureDocument;
    expect(await again.json()).toEqual(lecture);
    expect((await user.send("POST", "/lectures", JSON.stringify({ title: "Else" }), headers)).status).toBe(422);

    const upload = { "content-type": "audio/wav", "idempotency-key": `upload-${Math.random()}` };
    await user.send("POST", `/lectures/${lecture.id}/upload-audio`, AUDIO, upload);
    await user.send("POST", `/lectures/${lecture.id}/upload-audio`, AUDIO, upload);
    expect(await keysOf(api, `audio/${lecture.id}_`)).toHaveLength(1);
  });

  it("an upload that breaks off leaves nothing, neither object nor row", async () => {
    const api = started();
    const user = await as(api, "ada");
    const lecture = await user.lecture("Broken");
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${api.url}/lectures/${lecture.id}/upload-audio`, {
        method: "POST",
        headers: { authorization: user.authorization, "content-type": "audio/wav", "content-length": 10_000_000 },
      });
      request.on("error", () => resolve());
      request.write(AUDIO, () => request.destroy());
      request.on("close", resolve);
    });
    await vi.waitFor(async () => expect(await openNotes(api)).toEqual([]), 60_000);
    expect(await keysOf(api, `audio/${lecture.id}_`)).toEqual([]);
    expect(await user.read(lecture.id)).toMatchObject({ status: "empty", audioUrl: null });
  });

  it("live, ready and metrics say how it is", async () => {
    const api = started();
    expect(await (await fetch(`${api.url}/health/live`)).json()).toEqual({ status: "ok" });
    expect(await (await fetch(`${api.url}/health/ready`)).json()).toEqual({
      status: "ok",
      checks: { storage: "ok", database: "ok", accepting: "ok" },
    });
    const service = await as(api, "service", await api.serviceToken());
    const page = await (await service.get("/metrics")).text();
    const route = (line: string): boolean =>
      line.startsWith("http_server_request_duration_seconds_count") && line.includes('route="/health/ready"');
    expect(page.split("\n").filter(route)).toEqual([expect.stringMatching(/method="GET".*status="200".*\} [1-9]/)]);
    expect(page).toMatch(/storage_call_duration_seconds_count\{operation="put",outcome="ok"\} [1-9]/);
  });
});
