/**
 * CPU time of this process for the MD5 of 1 GiB, as one line of JSON in seconds.
 * `node --conditions=@bucketferry/source bench/md5/bodies-at-once.ts crypto|lanes BODIES`
 */
import { createHash, randomFillSync } from "node:crypto";
import { md5Lanes } from "@bucketferry/md5-lanes";

const [by, count] = process.argv.slice(2);
const BODY_BYTES = 8 * 1024 ** 2;
const GIB = 1024 ** 3;
const bodies = Array.from({ length: Number(count) }, () => randomFillSync(new Uint8Array(BODY_BYTES)));
// Bodies that come alone wait for nobody here: waiting takes time, and this is about CPU.
const lanes = md5Lanes({ patienceMs: 0 });

async function hashAll(): Promise<void> {
  if (by === "lanes") await Promise.all(bodies.map((body) => lanes.digest(body)));
  else for (const body of bodies) createHash("md5").update(body).digest();
}

const roundBytes = bodies.length * BODY_BYTES;
// Half a gigabyte, until V8 has compiled what is hot.
for (let bytes = 0; bytes < GIB / 2; bytes += roundBytes) await hashAll();
const before = process.cpuUsage();
let hashed = 0;
for (; hashed < GIB; hashed += roundBytes) await hashAll();
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ seconds: ((user + system) / 1e6) * (GIB / hashed) }));
