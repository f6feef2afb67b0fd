import { createHash } from "node:crypto";

/** There is one account, and it owns everything. */
const id = createHash("sha256").update("the account of a local S3 server").digest("hex");
export const OWNER = { ID: id };
export const ACCOUNT_ID = "000000000000";
