/** Opens a ledger, says so, and holds it until it is killed. */
import { openTestLedger } from "../ledger-fixture.ts";

await openTestLedger(process.argv[2] ?? "");
process.stdout.write("held\n");
setInterval(() => undefined, 60_000);
