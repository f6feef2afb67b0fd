/** Parts remember the hash of what was sent. Those of an older ledger have none, and are sent again. */
export const partHashes = "alter table upload_parts add column sha256 text default '' not null";
