/**
 * CPU time of this process for one request of 4 KiB, over the whole provider, as one line of JSON in microseconds.
 * `node --conditions=@bucketferry/source bench/request-cost/one-lane.ts auto|sdk REQUESTS`
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { s3 } from "@bucketferry/adapter-s3";

const [lane, requests] = process.argv.slice(2);
const REQUESTS = Number(requests);
const AT_ONCE = 32;
const BYTES = new Uint8Array(4096).fill(7);

const server = fork(new URL("echo-server.ts", import.meta.url), { execArgv: [] });
const [{ port }] = (await once(server, "message")) as [AddressInfo];

/** In microseconds, of the second of two rounds: the first one warms up. */
async function cost(request: (index: number) => Promise<unknown>): Promise<number> {
  await round(request);
  const before = process.cpuUsage();
  await round(request);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

async function round(request: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < REQUESTS) await request(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const provider = s3({
  bucket: "bench",
  endpoint: `http://127.0.0.1:${port}`,
  profile: "ceph",
  accessKeyId: "id",
  secretAccessKey: "secret",
  lane: lane === "sdk" ? "sdk" : "auto",
});
const get = await cost(async (index) => (await provider.get(`folder/object-${index}`)).bytes());
const put = await cost((index) => provider.put(`folder/object-${index}`, BYTES));
await provider.close();
server.disconnect();
console.log(JSON.stringify({ get, put }));
