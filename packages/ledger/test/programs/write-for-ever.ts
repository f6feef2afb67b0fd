/** Plans and copies objects without end, and prints the number of each one after it counts as stored. */
import { changeOf } from "@bucketferry/ledger";
import { openTestLedger, planned, ROUTE } from "../ledger-fixture.ts";

const ledger = await openTestLedger(process.argv[2] ?? "");
const writer = ledger.writer({
  batchSize: 50,
  lingerMs: 1,
  onCommitted: (change) => process.stdout.write(`${change.state} ${change.key}\n`),
});
for (let i = 0; ; i++) {
  const key = String(i).padStart(9, "0");
  await writer.add(planned(key, i));
  await writer.add(changeOf({ ...planned(key, i), route: ROUTE.name, updatedAt: 0 }, { state: "copied", sha256: key }));
}
