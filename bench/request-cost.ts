/**
 * CPU time of this process for one request of 4 KiB, over the whole provider: checks, signature, HTTP, answer.
 *
 *     node --conditions=@bucketferry/source bench/request-cost.ts [requests]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { s3 } from "@bucketferry/adapter-s3";

const REQUESTS = Number(process.argv[2] ?? 5_000);
const AT_ONCE = 32;
const ROUNDS = 5;
const BYTES = new Uint8Array(4096).fill(7);

const server = fork(new URL("echo-server.ts", import.meta.url), { execArgv: [] });
const [{ port }] = (await once(server, "message")) as [AddressInfo];

/** Median of some rounds in a warm process, in microseconds. */
async function cost(request: (index: number) => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    let next = 0;
    const worker = async () => {
      while (next < REQUESTS) await request(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const { user, system } = process.cpuUsage(before);
    // The first round warms up.
    if (round > 0) rounds.push((user + system) / REQUESTS);
  }
  return rounds.toSorted((one, other) => one - other)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

const costs = new Map<string, { readonly get: number; readonly put: number }>();
for (const lane of ["auto", "sdk"] as const) {
  const provider = s3({
    bucket: "bench",
    endpoint: `http://127.0.0.1:${port}`,
    profile: "ceph",
    accessKeyId: "id",
    secretAccessKey: "secret",
    lane,
  });
  const get = await cost(async (index) => (await provider.get(`folder/object-${index}`)).bytes());
  const put = await cost((index) => provider.put(`folder/object-${index}`, BYTES));
  costs.set(lane, { get, put });
  console.log(`lane ${lane.padEnd(4)}  GET ${get.toFixed(0)} µs, PUT ${put.toFixed(0)} µs of CPU a request`);
  await provider.close();
}
const [own, sdk] = [costs.get("auto"), costs.get("sdk")];
if (own !== undefined && sdk !== undefined) {
  console.log(
    `the AWS SDK costs GET ${(sdk.get / own.get).toFixed(1)} ×, PUT ${(sdk.put / own.put).toFixed(1)} × as much`,
  );
}
server.disconnect();
