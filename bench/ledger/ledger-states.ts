/**
 * How fast the ledger records states, through its own writer.
 * `node --conditions=@bucketferry/source bench/ledger/ledger-states.ts OBJECTS`
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { changeOf } from "@bucketferry/ledger";
import { openTestLedger, planned, ROUTE, temporaryFolder } from "../../packages/ledger/test/ledger-fixture.ts";
import { keyAt, MD5, rateOf, SHA256, type LedgerFigures } from "./ledger-work.ts";

const objects = Number(process.argv[2]);
const folder = temporaryFolder();
const path = join(folder.path, "ledger.db");
const ledger = await openTestLedger(path);

const plannedRate = await rateOf(objects, async () => {
  const writer = ledger.writer();
  for (let i = 0; i < objects; i++) await writer.add({ ...planned(keyAt(i), i), etag: MD5 });
  await writer.end();
});
const recordedRate = await rateOf(objects, async () => {
  const writer = ledger.writer();
  for await (const object of ledger.objects.walk({ route: ROUTE.name, states: ["planned"] })) {
    await writer.add(
      changeOf(object, {
        state: "copied",
        sha256: SHA256,
        targetEtag: MD5,
        targetSize: object.size,
        evidence: "put-checksum",
      }),
    );
  }
  await writer.end();
});
await ledger.close();
const figures: LedgerFigures = {
  planned: plannedRate,
  recorded: recordedRate,
  bytesOnDisk: statSync(path).size,
};
folder.remove();
console.log(JSON.stringify(figures));
