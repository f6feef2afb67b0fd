/**
 * The local S3 server, in memory and in a process of its own, so that its work is not booked on the clients. It shows itself
 * as a Ceph gateway, so that clients do the same work here as on the real one. Ends with the process that forked it.
 */
import { s3Server } from "@bucketferry/local-servers";

const { url, region, credentials } = await s3Server({ profile: "ceph16" });
process.send?.({ endpoint: url, region, credentials });
process.on("disconnect", () => process.exit());
// Ctrl-C is for all processes of a terminal; the server is still needed to clean up.
process.on("SIGINT", () => undefined);
