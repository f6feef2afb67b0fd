/**
 * How fast the ledger records and reads, on a file in the folder for temporary files.
 * `node --conditions=@bucketferry/source bench/ledger-states.ts [objects]`
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { changeOf } from "@bucketferry/ledger";
import { openTestLedger, planned, ROUTE, temporaryFolder } from "../packages/ledger/test/ledger-fixture.ts";

const objects = Number(process.argv[2] ?? 200_000);
const folder = temporaryFolder();
const path = join(folder.path, "ledger.db");
const ledger = await openTestLedger(path);

async function measure(what: string, count: number, work: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  console.log(
    `${what.padEnd(34)} ${Math.round(count / seconds).toLocaleString("en")}/s, ${Math.round(count / cpuSeconds).toLocaleString("en")} per second of CPU`,
  );
}

const keyOf = (i: number): string => `audio/${String(i).padStart(9, "0")}_0b3fa1c2-aaaa-bbbb-cccc-1234567890ab.mp3`;

await measure("plan (new objects)", objects, async () => {
  const writer = ledger.writer();
  for (let i = 0; i < objects; i++)
    await writer.add({ ...planned(keyOf(i), i), etag: "d41d8cd98f00b204e9800998ecf8427e" });
  await writer.end();
});
await measure("read planned and record copied", objects, async () => {
  const writer = ledger.writer();
  for await (const object of ledger.objects.walk({ route: ROUTE.name, states: ["planned"] })) {
    await writer.add(
      changeOf(object, {
        state: "copied",
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        targetEtag: "d41d8cd98f00b204e9800998ecf8427e",
        targetSize: object.size,
        evidence: "put-checksum",
      }),
    );
  }
  await writer.end();
});
await measure("count by state", objects, async () => {
  await ledger.objects.count();
});
await measure("read all in key order", objects, async () => {
  for await (const object of ledger.objects.walk({ route: ROUTE.name })) void object;
});
console.log(
  `${objects.toLocaleString("en")} objects: ${Math.round(statSync(path).size / objects)} bytes each on disk, ` +
    `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB of memory at most`,
);
await ledger.close();
folder.remove();
