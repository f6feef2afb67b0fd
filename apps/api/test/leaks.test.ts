import { readdirSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import { cutUpload } from "./support/cut-upload.ts";
import { serviceProcess, type ServiceProcess } from "./support/service-process.ts";
import { wav } from "./support/wav.ts";
import { GROUNDS } from "./support/world.ts";

const MIB = 1024 * 1024;
const AUDIO = wav(4);
const AT_ONCE = 50;
/** Of 500 uploads; 20 KiB of each would be more. */
const MOST_GROWTH_BYTES = 10 * MIB;
/** What an allocator keeps for the next time grows for some rounds, and then no more. */
const ROUNDS = 8;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

it.runIf(process.platform === "linux")(
  "500 uploads, a third cut, leave a process with the open files that it had and, once it has settled, with its memory",
  async () => {
    const ground = await GROUNDS["fs and SQLite"]?.();
    if (ground === undefined) throw new Error("The embedded service needs no engine.");
    ends.push(() => ground.close());
    const service = await serviceProcess({ ...ground.environment, KEEP_ALIVE_SECONDS: "1" });
    ends.push(() => service.stop());
    // The first of them load and compile code, and fill caches.
    await uploads(service, 200);
    const idleFiles = await settledFiles(service, Infinity);
    const growths: number[] = [];
    do {
      const before = service.rssBytes();
      await uploads(service, 500);
      await settledFiles(service, idleFiles);
      growths.push(service.rssBytes() - before);
    } while ((growths.at(-1) ?? 0) > MOST_GROWTH_BYTES && growths.length < ROUNDS);
    const told = growths.map((bytes) => Math.round(bytes / MIB)).join(", ");
    console.log(`500 uploads, and again: ${told} MiB more, ${idleFiles} open files before and after`);
    expect(growths.at(-1)).toBeLessThanOrEqual(MOST_GROWTH_BYTES);
  },
  600_000,
);

async function uploads({ url }: ServiceProcess, count: number): Promise<void> {
  const ids = await Promise.all(Array.from({ length: AT_ONCE }, () => created(url)));
  await Promise.all(
    ids.map(async (id, worker) => {
      for (let number = worker; number < count; number += AT_ONCE) {
        const path = `/lectures/${id}/upload-audio`;
        const headers = { "content-type": "audio/wav" };
        if (number % 3 === 0) {
          await cutUpload({ url, path, headers, sizeBytes: AUDIO.byteLength, sent: AUDIO.subarray(0, 32_000) });
          continue;
        }
        const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: AUDIO });
        expect([answer.status, await answer.text()]).toEqual([201, expect.any(String)]);
      }
    }),
  );
}

async function created(url: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/lectures`, { method: "POST", headers, body: '{"title":"Leaks"}' });
  return ((await answer.json()) as { id: string }).id;
}

/** Open files and sockets of the process, once idle connections are closed; fails when there stay more than `most`. */
async function settledFiles({ child }: ServiceProcess, most: number): Promise<number> {
  const open = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
  let before = Number.NaN;
  await vi.waitFor(
    () => {
      const now = open();
      const isSettled = now === before && now <= most;
      before = now;
      expect(isSettled).toBe(true);
    },
    { timeout: 60_000, interval: 2_000 },
  );
  return before;
}
