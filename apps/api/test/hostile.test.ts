import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { as, bytesOf, keysOf, openNotes } from "./support/api-user.ts";
import { PNG, wav } from "./support/wav.ts";
import { JWT_SECRET, openWorld, type World } from "./support/world.ts";

const AUDIO = wav(1);
let world: World;

beforeAll(async () => {
  const opened = await openWorld("fs and SQLite", {
    MAX_AUDIO_SIZE: "1MiB",
    BODY_IDLE_SECONDS: "1",
    ANSWER_IDLE_SECONDS: "2",
    OLD_BUCKETS: "lecture-audio=audio/:private,avatars=images/:public",
    OLD_JWT_SECRET: "fake-old-secret",
  });
  if (opened === undefined) throw new Error("The embedded service needs no engine.");
  world = opened;
});
afterAll(() => world.close());

/** Sends exactly these bytes and gives what comes back until the connection ends or `until` has come. */
function raw(text: string | readonly string[], { until = /\r\n\r\n/ } = {}): Promise<string> {
  const { hostname, port } = new URL(world.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    const end = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      if (until.test(answer)) end();
    });
    socket.on("close", end);
    socket.on("error", end);
    for (const part of typeof text === "string" ? [text] : text) socket.write(part);
  });
}

describe("paths", () => {
  it.each([
    "/files/../../../etc/passwd",
    "/files/..%2f..%2f..%2fetc%2fpasswd",
    "/files/%2e%2e/%2e%2e/etc/passwd",
    "/files/audio/..%5c..%5cetc",
    "/files//etc/passwd",
    "/files/%00",
    "/storage/v1/object/public/avatars/..%2f..%2fetc%2fpasswd",
    "/storage/v1/object/public/../../lecture-audio/x",
  ])("%s leads nowhere", async (path) => {
    const token = await world.serviceToken();
    const answer = await raw(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).not.toContain("root:");
  });

  it("a path that is no UTF-8 is refused", async () => {
    const service = await as(world, "service", await world.serviceToken());
    expect((await service.get("/files/%ff%fe")).status).toBe(400);
  });
});

describe("answers", () => {
  /** More than the buffers of both ends of a connection over loopback hold. */
  const SIZE_BYTES = 32 * 1024 * 1024;

  const download = async (): Promise<Socket> => {
    const token = await world.serviceToken();
    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write(`GET /files/large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    return socket;
  };

  beforeAll(async () => {
    await world.service.storage.put("large", new Uint8Array(SIZE_BYTES));
  });

  it("a client that takes nothing of its answer is cut off", async () => {
    const socket = await download();
    await vi.waitFor(() => expect(world.logged()).toMatch(/"path":"\/files\/large".*did not take its answer/), 60_000);
    const closed = once(socket, "close");
    let received = 0;
    socket.on("data", (bytes) => (received += bytes.byteLength));
    await closed;
    expect(received).toBeLessThan(SIZE_BYTES);
  });

  it("a client that takes it slowly gets all of it, however long that lasts", async () => {
    const cutBefore = world.logged().split("did not take its answer").length;
    const socket = await download();
    const begun = performance.now();
    let received = 0;
    for await (const bytes of socket as AsyncIterable<Buffer>) {
      received += bytes.byteLength;
      if (received >= SIZE_BYTES) break;
      // Twice the time after which a client that takes nothing is cut off.
      if (performance.now() - begun < 4_000) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(received).toBeGreaterThanOrEqual(SIZE_BYTES);
    expect(world.logged().split("did not take its answer")).toHaveLength(cutBefore);
  });
});

describe("headers", () => {
  it("a file name cannot add a header to the answer", async () => {
    const service = await as(world, "service", await world.serviceToken());
    await service.send("PUT", "/files/docs/x.txt", Buffer.from("x"), { "content-type": "text/plain" });
    const evil = encodeURIComponent('a"\r\nset-cookie: stolen=1\r\n.txt');
    const answer = await service.get(`/files/docs/x.txt?download=${evil}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.headers.get("content-disposition")).toMatch(
      /^attachment; filename="a___set-cookie: stolen=1__\.txt"; /,
    );
  });

  it("a request id that is no id is not echoed", async () => {
    const answer = await fetch(`${world.url}/health/live`, { headers: { "x-request-id": "<script>" } });
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("HTML that somebody stored is saved, not shown, and may run nothing", async () => {
    const service = await as(world, "service", await world.serviceToken());
    await service.send("PUT", "/files/docs/x.html", Buffer.from("<script>1</script>"), { "content-type": "text/html" });
    const answer = await service.get("/files/docs/x.html");
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment/);
    expect(answer.headers.get("content-security-policy")).toContain("sandbox");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("thousands of ranges are refused without a read", async () => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Ranges");
    await user.upload(lecture.id, AUDIO);
    const ranges = Array.from({ length: 1500 }, (_, i) => `${i}-${i + 1}`).join(",");
    expect((await user.get(`/lectures/${lecture.id}/audio`, { range: `bytes=${ranges}` })).status).toBe(416);
    expect((await user.get(`/lectures/${lecture.id}/audio`, { range: "bytes=99999999999999999999-" })).status).toBe(
      416,
    );
    expect((await user.get(`/lectures/${lecture.id}/audio`, { range: "bytes=9-3" })).status).toBe(200);
  });
});

describe("tokens", () => {
  const claims = { sub: "ada", aud: "authenticated", role: "authenticated" };
  const key = new TextEncoder().encode(JWT_SECRET);
  const sign = (header: string, secret: Uint8Array, expires: string, changed: object = {}): Promise<string> =>
    new SignJWT({ ...claims, ...changed }).setProtectedHeader({ alg: header }).setExpirationTime(expires).sign(secret);

  it.each<[string, () => string | Promise<string>]>([
    [
      "of another secret",
      () => sign("HS256", new TextEncoder().encode("another-secret-of-enough-characters-000"), "1h"),
    ],
    ["that has expired", () => sign("HS256", key, "-2 minutes")],
    ["without an end", () => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key)],
    ["of another audience", () => sign("HS256", key, "1h", { aud: "somebody-else" })],
    ["of nobody", () => sign("HS256", key, "1h", { sub: "" })],
    [
      "with the algorithm none",
      () => new UnsecuredJWT({ ...claims, role: "service_role" }).setExpirationTime("1h").encode(),
    ],
    ["with an algorithm that was not agreed on", () => sign("HS384", key, "1h")],
    ["that is no token", () => "abc.def"],
    ["that is an API key nobody made", () => `bfk_${"0".repeat(32)}_${"A".repeat(43)}`],
  ])("a token %s is refused", async (_what, token) => {
    const answer = await (await as(world, "", await token())).get("/lectures");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await answer.json()).toMatchObject({ code: "Unauthorized" });
  });

  it("no token that came in is ever logged, and no signature of a link", async () => {
    const token = await world.token("ada");
    const user = await as(world, "ada", token);
    const lecture = await user.lecture("Secrets");
    await user.upload(lecture.id, AUDIO);
    const { url } = (await (await user.postJson(`/lectures/${lecture.id}/audio-link`, {})).json()) as { url: string };
    await (await fetch(url)).arrayBuffer();
    expect(world.logged()).not.toContain(token);
    expect(world.logged()).not.toContain(new URL(url).searchParams.get("token"));
  });
});

describe("metrics", () => {
  it("are for the service role, not for whoever asks", async () => {
    expect((await fetch(`${world.url}/metrics`)).status).toBe(401);
    expect((await (await as(world, "ada")).get("/metrics")).status).toBe(403);
    expect((await (await as(world, "service", await world.serviceToken())).get("/metrics")).status).toBe(200);
  });
});

describe("bodies", () => {
  it("one that is larger than it may be is refused, announced or not, and nothing of it stays", async () => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Large");
    const large = new Uint8Array(Buffer.concat([AUDIO, Buffer.alloc(2 * 1024 * 1024)]));
    expect((await user.upload(lecture.id, large)).status).toBe(413);
    const streamed = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < large.byteLength; at += 65_536) controller.enqueue(large.subarray(at, at + 65_536));
        controller.close();
      },
    });
    const answer = await fetch(`${world.url}/lectures/${lecture.id}/upload-audio`, {
      method: "POST",
      headers: { authorization: user.authorization, "content-type": "audio/wav" },
      body: streamed,
      duplex: "half",
    } as RequestInit);
    expect(answer.status).toBe(413);
    expect(await keysOf(world, `audio/${lecture.id}_`)).toEqual([]);
  });

  it.each([
    ["an image that is said to be audio", PNG, "audio/wav", 422],
    ["audio that is said to be another kind of audio", AUDIO, "audio/ogg", 422],
    [
      "a page that is said to be audio",
      new Uint8Array(Buffer.from("<!doctype html><script>1</script>")),
      "audio/mp4",
      422,
    ],
    ["a type that nobody accepts", AUDIO, "text/html", 415],
    ["nothing", new Uint8Array(), "audio/wav", 400],
  ])("%s is refused", async (_what, bytes, type, status) => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Other");
    const answer = await user.send("POST", `/lectures/${lecture.id}/upload-audio`, bytes, { "content-type": type });
    expect(answer.status).toBe(status);
    expect(await keysOf(world, `audio/${lecture.id}_`)).toEqual([]);
  });

  it.each<[string, string, number]>([
    ["no boundary", "multipart/form-data", 400],
    ["a boundary that never comes", "multipart/form-data; boundary=x", 400],
  ])("a form with %s is refused", async (_what, type, status) => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Form");
    const answer = await user.send("POST", `/lectures/${lecture.id}/upload-audio`, AUDIO, { "content-type": type });
    expect(answer.status).toBe(status);
  });

  it.each<[string, (form: FormData) => void]>([
    ["two files", (form) => form.set("other", new Blob([AUDIO], { type: "audio/wav" }), "b.wav")],
    ["a thousand fields", (form) => Array.from({ length: 1000 }, (_, i) => form.append(`f${i}`, "x"))],
  ])("a form with %s is refused, and nothing of it stays", async (_what, add) => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Form");
    const form = new FormData();
    form.set("file", new Blob([AUDIO], { type: "audio/wav" }), "a.wav");
    add(form);
    expect((await user.send("POST", `/lectures/${lecture.id}/upload-audio`, form)).status).toBe(400);
    expect(await keysOf(world, `audio/${lecture.id}_`)).toEqual([]);
  });

  it("a form whose header never ends is refused before it fills the memory", async () => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Header bomb");
    const bomb = `--x\r\nContent-Disposition: form-data; name="${"a".repeat(900_000)}`;
    const answer = await user.send("POST", `/lectures/${lecture.id}/upload-audio`, bomb, {
      "content-type": "multipart/form-data; boundary=x",
    });
    expect(answer.status).toBe(400);
  });

  it("a body that trickles is given up, and so is one that stops", async () => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Slow");
    const head = [
      `POST /lectures/${lecture.id}/upload-audio HTTP/1.1`,
      "Host: x",
      `Authorization: ${user.authorization}`,
      "Content-Type: audio/wav",
      "Content-Length: 500000",
      "",
      "",
    ].join("\r\n");
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 408 /);

    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    const answered = new Promise<string>((resolve) => {
      socket.on("data", (bytes) => resolve(bytes.toString("latin1")));
      socket.on("error", () => undefined);
    });
    socket.write(head);
    const trickle = setInterval(() => socket.write("x"), 100);
    expect(await answered).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(trickle);
    socket.destroy();
    await vi.waitFor(async () => {
      expect((await openNotes(world)).filter(({ object_key }) => object_key.includes(lecture.id))).toEqual([]);
    }, 60_000);
  });

  it("a small body that stops is given up, and one that breaks off stores nothing", async () => {
    const head = (path: string): string =>
      [`PUT ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${token}`, "Content-Length: 500", "", ""].join("\r\n");
    const token = await world.serviceToken();
    expect(await raw([head("/files/stopped"), "abc"])).toMatch(/^HTTP\/1\.1 408 /);

    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => socket.write(`${head("/files/cut")}abc`, () => resolve()));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(world.logged()).toMatch(/"path":"\/files\/cut".*"status":400/), 60_000);
    expect([...(await keysOf(world, "stopped")), ...(await keysOf(world, "cut"))]).toEqual([]);
  });

  it("JSON that never comes is given up, and so is a piece of a resumable upload, which then goes on", async () => {
    const user = await as(world, "ada");
    const head = (lines: readonly string[]): string =>
      [...lines, "Host: x", `Authorization: ${user.authorization}`, "", ""].join("\r\n");
    const json = ["POST /lectures HTTP/1.1", "Content-Type: application/json", "Content-Length: 500"];
    expect(await raw(head(json))).toMatch(/^HTTP\/1\.1 408 /);

    const metadata = Object.entries({ purpose: "file", filetype: "text/plain" })
      .map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`)
      .join(",");
    const tus = { "tus-resumable": "1.0.0" };
    const created = await user.send("POST", "/tus", undefined, {
      ...tus,
      "upload-length": "6",
      "upload-metadata": metadata,
    });
    const location = new URL(created.headers.get("location") ?? "", world.url).pathname;
    const patch = [
      `PATCH ${location} HTTP/1.1`,
      "Tus-Resumable: 1.0.0",
      "Upload-Offset: 0",
      "Content-Type: application/offset+octet-stream",
      "Content-Length: 6",
    ];
    expect(await raw([head(patch), "abc"])).toMatch(/^HTTP\/1\.1 408 /);
    await vi.waitFor(async () => {
      const { headers } = await user.send("HEAD", location, undefined, tus);
      expect(headers.get("upload-offset")).toBe("3");
    }, 60_000);
    const rest = await user.send("PATCH", location, "def", {
      ...tus,
      "upload-offset": "3",
      "content-type": "application/offset+octet-stream",
    });
    expect(rest.status).toBe(204);
  });

  it("JSON that is none, or says something else, names what is wrong", async () => {
    const user = await as(world, "ada");
    const send = (body: string): Promise<Response> =>
      user.send("POST", "/lectures", body, { "content-type": "application/json" });
    expect((await send("{")).status).toBe(400);
    const wrong = await send(JSON.stringify({ title: 7 }));
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ code: "InvalidRequest", errors: [{ path: "title" }] });
    expect((await send(JSON.stringify({ title: " " }))).status).toBe(400);
    expect((await send(`{"title":"${"x".repeat(5_000_000)}"}`)).status).toBe(413);
  });
});

describe("the old provider's URLs", () => {
  it("serve what they served: public to all, signed to who has the token, authenticated to its owner", async () => {
    const service = await as(world, "service", await world.serviceToken());
    await service.send("PUT", "/files/images/a.png", PNG, { "content-type": "image/png" });
    const lecture = await service.lecture("Old");
    await service.upload(lecture.id, AUDIO);
    const { audioUrl } = await service.read(lecture.id);
    const name = new URL(audioUrl ?? "").pathname.replace("/files/audio/", "");
    const open = (path: string): Promise<Response> => fetch(`${world.url}/storage/v1${path}`);

    expect(await bytesOf(await open("/object/public/avatars/a.png"))).toEqual(Buffer.from(PNG));
    expect((await open("/render/image/public/avatars/a.png?width=100")).status).toBe(200);
    expect((await open(`/object/public/lecture-audio/${name}`)).status).toBe(404);
    expect((await open(`/object/authenticated/lecture-audio/${name}`)).status).toBe(401);
    expect((await service.get(`/storage/v1/object/authenticated/lecture-audio/${name}`)).status).toBe(200);

    const token = (url: string, expires = "1h"): Promise<string> =>
      new SignJWT({ url })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(expires)
        .sign(new TextEncoder().encode("fake-old-secret"));
    const signed = (value: string): Promise<Response> => open(`/object/sign/lecture-audio/${name}?token=${value}`);
    expect((await signed(await token(`lecture-audio/${name}`))).status).toBe(200);
    expect((await signed(await token(`lecture-audio/${name}`, "-1h"))).status).toBe(410);
    expect((await signed(await token("lecture-audio/other"))).status).toBe(403);
    expect((await signed("x.y.z")).status).toBe(403);
    expect((await open(`/object/sign/lecture-audio/${name}`)).status).toBe(401);
  });
});
