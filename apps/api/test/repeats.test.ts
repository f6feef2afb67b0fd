import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { serviceProcess, type ServiceProcess } from "./support/service-process.ts";
import { wav } from "./support/wav.ts";
import { GROUNDS } from "./support/world.ts";

const DIE = `--import ${join(import.meta.dirname, "support/die-before-answer.ts")}`;
const AUDIO = wav(1);
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe("a process that is killed between commit and answer", () => {
  it("has done it once: the same request again gets the answer that was lost, one row and one object", async () => {
    const ground = await GROUNDS["fs and SQLite"]?.();
    if (ground === undefined) throw new Error("The embedded service needs no engine.");
    ends.push(() => ground.close());
    const mortal = await serviceProcess({ ...ground.environment, NODE_OPTIONS: DIE });
    ends.push(() => mortal.kill());
    const dead = once(mortal.child, "exit");
    await expect(create(mortal, { "x-die": "1" })).rejects.toThrow("fetch failed");
    expect(await dead).toEqual([null, "SIGKILL"]);

    const second = await serviceProcess({ ...ground.environment, NODE_OPTIONS: DIE });
    ends.push(() => second.kill());
    const created = await create(second);
    expect([created.status, created.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    const lecture = (await created.json()) as { id: string };
    const secondDead = once(second.child, "exit");
    await expect(upload(second, lecture.id, { "x-die": "1" })).rejects.toThrow("fetch failed");
    await secondDead;

    const third = await serviceProcess(ground.environment);
    ends.push(() => third.stop());
    const uploaded = await upload(third, lecture.id);
    expect([uploaded.status, uploaded.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    const answer = (await uploaded.json()) as { audioUrl: string };
    expect(await (await upload(third, lecture.id)).json()).toEqual(answer);

    const { lectures } = (await (await fetch(`${third.url}/lectures`)).json()) as { lectures: { id: string }[] };
    expect(lectures.map(({ id }) => id)).toEqual([lecture.id]);
    const { files } = (await (await fetch(`${third.url}/files`)).json()) as { files: { key: string }[] };
    expect(files.map(({ key }) => `/files/${key}`)).toEqual([new URL(answer.audioUrl).pathname]);
    expect(Buffer.from(await (await fetch(`${third.url}/files/${files[0]?.key}`)).arrayBuffer())).toEqual(
      Buffer.from(AUDIO),
    );
  }, 120_000);
});

function create({ url }: ServiceProcess, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${url}/lectures`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": "create-once", ...headers },
    body: '{"title":"Once"}',
  });
}

function upload(
  { url }: ServiceProcess,
  id: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/lectures/${id}/upload-audio`, {
    method: "POST",
    headers: { "content-type": "audio/wav", "idempotency-key": "upload-once", ...headers },
    body: AUDIO,
  });
}
