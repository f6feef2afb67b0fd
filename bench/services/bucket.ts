import { createHash, randomFillSync, randomUUID } from "node:crypto";
import { atOnce, objectPath, rawS3, type RawEntry } from "../limits/raw-s3.ts";
import type { Service } from "./service.ts";

/** A bucket of one benchmark, gone with everything in it when it is removed. */
export interface BenchBucket {
  readonly name: string;
  /** Puts so many objects of one size, each with other bytes. */
  fill(objects: number, sizeBytes: number): Promise<void>;
  /** How many objects it holds, and their bytes together. */
  contents(): Promise<{ readonly objects: number; readonly bytes: number }>;
  remove(): Promise<void>;
}

const CONNECTIONS = 32;
/** Of large bodies only a few are held at once. */
const FILL_BYTES = 512 * 1024 * 1024;

export async function freshBucket(service: Service): Promise<BenchBucket> {
  const name = `bucketferry-bench-${randomUUID()}`;
  const s3 = rawS3(service, CONNECTIONS);
  await (await s3.request("PUT", `/${name}`)).body.dump();

  const deletePage = async (entries: readonly RawEntry[]): Promise<void> => {
    const body = `<Delete><Quiet>true</Quiet>${entries.map(({ key }) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    await (await s3.request("POST", `/${name}`, { query: { delete: "" }, headers, body })).body.dump();
  };

  return {
    name,
    async fill(objects, sizeBytes) {
      const seed = randomFillSync(Buffer.alloc(sizeBytes));
      const limit = Math.max(1, Math.min(CONNECTIONS, Math.floor(FILL_BYTES / sizeBytes)));
      await atOnce(limit, Array.from({ length: objects }).keys(), async (index) => {
        const body = Buffer.from(seed);
        body.writeUInt32LE(index, 0);
        // A thousand to a folder, as an app that sorts its files by lecture or day would have them.
        const key = `audio/${String(Math.floor(index / 1000)).padStart(4, "0")}/${String(index).padStart(8, "0")}.mp3`;
        const put = await s3.request("PUT", objectPath(name, key), { body, headers: { "content-type": "audio/mpeg" } });
        await put.body.dump();
      });
    },
    async contents() {
      let [objects, bytes] = [0, 0];
      for await (const { size } of s3.list(name)) {
        objects += 1;
        bytes += size;
      }
      return { objects, bytes };
    },
    async remove() {
      for (let page: RawEntry[] = []; ; page = []) {
        for await (const entry of s3.list(name)) {
          page.push(entry);
          if (page.length === 1000) break;
        }
        if (page.length === 0) break;
        await deletePage(page);
      }
      await (await s3.request("DELETE", `/${name}`)).body.dump();
      await s3.close();
    },
  };
}
